import type { MoneyQueries } from '@tollgate/contracts';
import { assertNever, type Clock } from '@tollgate/kernel';

import type { ChargeStore, Payments } from '../../charges/app/charge-ports.ts';
import type { CallOutcome, PaymentState } from '../../charges/domain/charge.ts';
import { afterOutcome } from '../../charges/domain/charging.ts';
import type { CustomerStore } from '../../customers/app/customer-ports.ts';
import type { Refunds, RefundStore } from '../../refunds/app/refund-ports.ts';
import type { SubscriptionStore } from '../../subscriptions/app/subscription-ports.ts';
import type { TopUpRefunds } from '../../topups/app/ports.ts';
import type { StripeEvent, StripeFacts } from '../domain/stripe-event.ts';
import type { Inbox, VerifyWebhook } from './inbox-ports.ts';

export type Receiving = {
  readonly verify: VerifyWebhook;
  readonly inbox: Inbox;
  readonly charges: Pick<ChargeStore, 'record' | 'byIds'>;
  readonly payments: Pick<Payments, 'retrieve'>;
  readonly refunds: Pick<Refunds, 'ofPayment'>;
  readonly refundStore: Pick<RefundStore, 'told'>;
  readonly subscriptions: SubscriptionStore;
  readonly customers: CustomerStore;
  readonly topUps: { told(id: string, paymentIntent: string): Promise<'applied' | 'ignored' | 'unknown'> };
  readonly topUpRefunds: TopUpRefunds;
  readonly clock: Clock;
  readonly jitter: () => number;
  readonly payerChanged: (userIds: readonly string[]) => Promise<void>;
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
};

/** How long the event of an unknown charge stays open: a restored database gets its crossing again. */
const unknownMaxMs = 30 * 86_400_000;
const sweepMs = 10_000;

/** See `MoneyQueries.stripeWebhook`: answered once it is kept; what cannot be applied now is applied by the sweep. */
export const makeStripeWebhook =
  (parts: Receiving): MoneyQueries['stripeWebhook'] =>
  async (webhook) => {
    const event = parts.verify(webhook);
    const isNew = await parts.inbox.keep(event, parts.clock.nowMs());
    if (isNew) await applyOne(parts, { ...event, receivedMs: parts.clock.nowMs() }).catch(parts.onFailure);
    return { duplicate: !isNew };
  };

/** Applies what is still open, a round; answers how long to rest. */
export const makeInboxRound = (parts: Receiving) => async (): Promise<number> => {
  for (const event of await parts.inbox.open(100)) await applyOne(parts, event).catch(parts.onFailure);
  return sweepMs;
};

async function applyOne(parts: Receiving, event: StripeEvent & { readonly receivedMs: number }): Promise<void> {
  const outcome = await apply(parts, event);
  const nowMs = parts.clock.nowMs();
  if (outcome === 'unknown' && nowMs - event.receivedMs < unknownMaxMs) return;
  await parts.inbox.close(event.id, outcome, nowMs);
}

export type Applying = Pick<
  Receiving,
  | 'charges'
  | 'payments'
  | 'refunds'
  | 'refundStore'
  | 'subscriptions'
  | 'customers'
  | 'topUps'
  | 'topUpRefunds'
  | 'clock'
  | 'jitter'
  | 'payerChanged'
  | 'onChange'
>;

/**
 * What an event means for charges, fees and payers; a repeat changes nothing. `unknown`: of a charge that is not here
 * (yet).
 */
export async function apply(
  parts: Applying,
  { facts, createdMs }: Pick<StripeEvent, 'facts' | 'createdMs'>,
): Promise<'applied' | 'ignored' | 'unknown'> {
  switch (facts.about) {
    case 'payment':
      return applyPayment(parts, facts, createdMs);
    case 'top_up':
      return parts.topUps.told(facts.topUpId, facts.paymentIntent);
    case 'refund':
      return applyRefund(parts, facts.paymentIntent);
    case 'invoice':
      await parts.subscriptions.invoiceTold(facts, createdMs);
      return 'applied';
    case 'subscription': {
      const view = await parts.subscriptions.told(facts.state, { toldMs: createdMs, nowMs: parts.clock.nowMs() });
      return view === null ? 'ignored' : 'applied';
    }
    case 'payment_method': {
      const users = await parts.customers.attached({
        customer: facts.customer,
        paymentMethod: facts.paymentMethod,
        atMs: createdMs,
      });
      await parts.payerChanged(users);
      return users.length === 0 ? 'ignored' : 'applied';
    }
    case 'nothing':
      return 'ignored';
    default:
      return assertNever(facts);
  }
}

/**
 * `succeeded` is taken as it is, because it is final. Another state may be old news by now, so Stripe is asked for the
 * state of today; and while an attempt is under way its own answer counts (rule 27).
 */
async function applyPayment(
  parts: Applying,
  facts: Extract<StripeFacts, { readonly about: 'payment' }>,
  createdMs: number,
): Promise<'applied' | 'unknown' | 'ignored'> {
  const [charge] = await parts.charges.byIds([facts.chargeId]);
  if (charge === undefined) return 'unknown';
  // One that ended before, by a refund or a cancellation of ours (ADR 19), says nothing about the payment in use.
  if (charge.status === 'succeeded' || (facts.series ?? 0) < charge.series) return 'ignored';
  const sum = { amountMinor: BigInt(facts.amountMinor), currency: facts.currency.toUpperCase() };
  const told: PaymentState =
    facts.state === 'succeeded'
      ? { is: 'succeeded', paymentIntent: facts.paymentIntent, sum, paidMs: facts.paidMs ?? createdMs }
      : { is: facts.state, paymentIntent: facts.paymentIntent, code: facts.code, sum };
  const state: CallOutcome = told.is === 'succeeded' ? told : await parts.payments.retrieve(facts.paymentIntent);
  const at = { nowMs: parts.clock.nowMs(), jitter: parts.jitter() };
  const before = charge.version;
  const after = await parts.charges.record(
    facts.chargeId,
    (now) => {
      if ((facts.series ?? 0) < now.series) return null;
      if (state.is === 'succeeded') return afterOutcome(now, state, at);
      // An attempt of ours is under way, or what was told is what we know.
      if (now.attemptOpen || now.paymentIntent !== facts.paymentIntent || isKnown(now, state)) return null;
      return afterOutcome(now, state, at);
    },
    at.nowMs,
  );
  parts.onChange();
  return after !== null && after.version > before ? 'applied' : 'ignored';
}

/** Stripe is asked for the payment's refunds as they are now, so that the order of news does not matter. */
async function applyRefund(parts: Applying, paymentIntent: string): Promise<'applied' | 'ignored'> {
  const refunds = await parts.refunds.ofPayment(paymentIntent);
  const nowMs = parts.clock.nowMs();
  const changed =
    (await parts.topUpRefunds.told(paymentIntent, refunds, nowMs)) ??
    (await parts.refundStore.told(paymentIntent, refunds, nowMs));
  if (changed !== null && changed > 0) parts.onChange();
  return changed === null || changed === 0 ? 'ignored' : 'applied';
}

function isKnown(charge: { readonly status: string }, state: CallOutcome): boolean {
  switch (state.is) {
    case 'declined':
      return charge.status === 'failed';
    case 'action_required':
      return charge.status === 'requires_action';
    case 'processing':
      return charge.status === 'processing';
    default:
      return false;
  }
}
