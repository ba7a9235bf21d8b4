import { AppError, isStorableJson } from '@tollgate/kernel';
import { amountFromStripe } from '@tollgate/pricing';
import Stripe from 'stripe';

import { stateOf, sumOf } from '../../stripe/stripe-failure.ts';
import { subscriptionState } from '../../subscriptions/stripe/stripe-subscriptions.ts';
import { topUpIdIn } from '../../topups/stripe/stripe-top-ups.ts';
import type { VerifyWebhook } from '../app/inbox-ports.ts';
import type { FeeStatus, StripeFacts } from '../domain/stripe-event.ts';

/** A signature is good for five minutes, by the real clock (surfaces §0.10). */
const toleranceS = 300;
/** Clocks differ by seconds. A signature dated later than that could be replayed for longer, so it is refused. */
const aheadMaxS = 60;

/** An event that is signed and cannot be read: another version's shape, or a mistake of ours. */
type OnUnread = (error: unknown, event: { readonly id: string; readonly type: string }) => void;

/** Checks Stripe's signature with the official library and reduces the event to its facts. */
export const webhookVerifier =
  (stripe: Stripe, secret: string, onUnread: OnUnread): VerifyWebhook =>
  ({ payload, signature }) => {
    const event = verified(stripe, { payload, signature, secret });
    // The payload may be any JSON, such as `null` or a number.
    if (
      event === null ||
      typeof event.id !== 'string' ||
      event.id === '' ||
      typeof event.type !== 'string' ||
      !Number.isSafeInteger(event.created)
    ) {
      throw new AppError('invalid', 'SIGNATURE_INVALID', 'This is not an event of Stripe');
    }
    const facts = factsOf(event, onUnread);
    if (!isStorableJson([event.id, event.type, facts]))
      throw new AppError('invalid', 'SIGNATURE_INVALID', 'This event cannot be stored');
    return { id: event.id, type: event.type, createdMs: event.created * 1000, facts };
  };

function verified(
  stripe: Stripe,
  { payload, signature, secret }: { payload: string; signature: string; secret: string },
): Stripe.Event | null {
  try {
    const event = stripe.webhooks.constructEvent(payload, signature, secret, toleranceS);
    if (signedAtS(signature) > Date.now() / 1000 + aheadMaxS)
      throw new AppError('invalid', 'SIGNATURE_INVALID', 'The webhook is signed with a future time');
    return event;
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (!(error instanceof Stripe.errors.StripeSignatureVerificationError) && !(error instanceof SyntaxError))
      throw error;
    throw new AppError('invalid', 'SIGNATURE_INVALID', 'Invalid webhook signature');
  }
}

/** The latest time that the header names; the library looks at its age only. */
const signedAtS = (signature: string): number =>
  Math.max(0, ...[...signature.matchAll(/(?:^|,)\s*t=(\d{1,15})/g)].map(([, at]) => Number(at)));

/** What is not shaped as the pinned version shapes it is told and left alone: Stripe would send it again for days. */
function factsOf(event: Stripe.Event, onUnread: OnUnread): StripeFacts {
  try {
    return reduce(event);
  } catch (error) {
    onUnread(error, { id: event.id, type: event.type });
    return { about: 'nothing' };
  }
}

function reduce(event: Stripe.Event): StripeFacts {
  switch (event.type) {
    case 'payment_intent.succeeded':
    case 'payment_intent.payment_failed':
    case 'payment_intent.requires_action':
      return payment(event.data.object, event.type);
    case 'charge.refunded':
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed': {
      const intent = event.data.object.payment_intent;
      return intent === null ? { about: 'nothing' } : { about: 'refund', paymentIntent: idOf(intent) };
    }
    case 'invoice.paid':
    case 'invoice.payment_failed':
    case 'invoice.finalized':
    case 'invoice.voided':
    case 'invoice.marked_uncollectible':
      return invoiceFacts(event.data.object) ?? { about: 'nothing' };
    case 'customer.subscription.created':
    case 'customer.subscription.updated':
    case 'customer.subscription.deleted': {
      const state = subscriptionState(event.data.object);
      return state === null ? { about: 'nothing' } : { about: 'subscription', state };
    }
    case 'payment_method.attached': {
      const { id, customer } = event.data.object;
      return customer === null
        ? { about: 'nothing' }
        : { about: 'payment_method', paymentMethod: id, customer: idOf(customer) };
    }
    default:
      return { about: 'nothing' };
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The charge that our metadata names; null: it is none of ours. */
export function chargeIdIn(metadata: Stripe.Metadata): string | null {
  const chargeId = metadata['charge_id'] ?? '';
  return uuid.test(chargeId) ? chargeId : null;
}

function payment(intent: Stripe.PaymentIntent, type: string): StripeFacts {
  const topUpId = topUpIdIn(intent.metadata);
  if (topUpId !== null) return { about: 'top_up', topUpId, paymentIntent: intent.id };
  const chargeId = chargeIdIn(intent.metadata);
  if (chargeId === null) return { about: 'nothing' };
  const told = stateOf(intent);
  const { amountMinor, currency } = sumOf(intent, type === 'payment_intent.succeeded');
  const code = 'code' in told ? told.code : 'requires_action';
  // The type says what happened: the object inside may be newer.
  const state =
    type === 'payment_intent.succeeded'
      ? 'succeeded'
      : type === 'payment_intent.requires_action'
        ? 'action_required'
        : told.is === 'action_required'
          ? 'action_required'
          : 'declined';
  const series = Number(intent.metadata['series'] ?? '0');
  return {
    about: 'payment',
    chargeId,
    paymentIntent: intent.id,
    amountMinor: String(amountMinor),
    currency,
    state,
    code,
    ...(series === 0 ? {} : { series }),
  };
}

/**
 * An invoice of a subscription of ours; null: other subscriptions of the same Stripe account are none of our business.
 */
export function invoiceFacts(object: Stripe.Invoice): Extract<StripeFacts, { readonly about: 'invoice' }> | null {
  const status = feeStatus(object);
  const details = object.parent?.subscription_details ?? null;
  if (
    status === null ||
    details === null ||
    details.metadata?.['tollgate_subscription'] === undefined ||
    object.customer === null ||
    object.id === undefined
  )
    return null;
  const starts = object.lines.data.filter((line) => line.amount >= 0).map((line) => line.period.start);
  const credit = creditIn(object, status === 'paid' ? object.amount_paid : object.amount_due);
  return {
    about: 'invoice',
    invoice: object.id,
    subscription: idOf(details.subscription),
    customer: idOf(object.customer),
    status,
    amountMinor: String(
      amountFromStripe(
        BigInt(status === 'paid' ? object.amount_paid : object.amount_due),
        object.currency.toUpperCase(),
      ),
    ),
    currency: object.currency.toUpperCase(),
    periodStartMs: Math.max(...starts, object.period_start) * 1000,
    ...(object.status_transitions?.paid_at == null ? {} : { paidMs: object.status_transitions.paid_at * 1000 }),
    ...(credit === 0 ? {} : { creditMinor: String(amountFromStripe(BigInt(credit), object.currency.toUpperCase())) }),
  };
}

/** What credits of ours, and what an earlier invoice left over of them, take off an invoice; in Stripe's units. */
function creditIn(invoice: Stripe.Invoice, rest: number): number {
  const lowered =
    invoice.lines.data.some((line) => line.amount < 0 && line.metadata['refund_id'] !== undefined) ||
    (invoice.starting_balance ?? 0) < 0;
  const whole = invoice.lines.data.reduce((sum, line) => sum + Math.max(line.amount, 0), 0);
  return lowered ? Math.max(whole - rest, 0) : 0;
}

/** null: a draft, which nobody owes yet. */
function feeStatus({ status, attempted }: Pick<Stripe.Invoice, 'status' | 'attempted'>): FeeStatus | null {
  if (status === 'open') return attempted ? 'failed' : 'open';
  if (status === 'void') return 'voided';
  if (status === 'paid') return 'paid';
  return status === 'uncollectible' ? 'uncollectible' : null;
}

const idOf = (reference: string | { readonly id: string }): string =>
  typeof reference === 'string' ? reference : reference.id;
