import { invariant } from '@tollgate/kernel';
import { amountFromStripe } from '@tollgate/pricing';
import type Stripe from 'stripe';
import type { Refunds, ToldRefund } from '../../app/refund-ports.ts';
import type { RefundAttempt, RefundOutcome, RefundState } from '../../domain/refund.ts';
import { outcomeOf, stripeTrouble } from './stripe-failure.ts';

/** `Refunds` on Stripe. */
export function stripeRefunds(stripe: Stripe): Refunds {
  return {
    send: (attempt) => send(stripe, attempt),
    ofPayment: async (paymentIntent) => {
      try {
        const all: ToldRefund[] = [];
        for await (const refund of stripe.refunds.list({ payment_intent: paymentIntent, limit: 100 })) all.push(toldOf(refund));
        return all;
      } catch (error) {
        throw stripeTrouble(error);
      }
    },
  };
}

async function send(stripe: Stripe, { key, request }: RefundAttempt): Promise<RefundOutcome> {
  const amount = Number(request['amount']);
  invariant(Number.isSafeInteger(amount), 'a refund fits into a number');
  try {
    return stateOf(await stripe.refunds.create({ ...request, amount } as Stripe.RefundCreateParams, { idempotencyKey: key }));
  } catch (error) {
    const outcome = outcomeOf(error);
    return outcome.is === 'rejected' || outcome.is === 'unanswered' ? outcome : { is: 'rejected', code: 'code' in outcome ? outcome.code : outcome.is };
  }
}

function stateOf(refund: Stripe.Refund): RefundState {
  const stripeRefund = refund.id;
  switch (refund.status) {
    case 'succeeded':
      return { is: 'succeeded', stripeRefund, madeMs: refund.created * 1000 };
    case 'failed':
    case 'canceled':
      return { is: 'failed', stripeRefund, code: refund.failure_reason ?? refund.status };
    default:
      return { is: 'pending', stripeRefund };
  }
}

const toldOf = (refund: Stripe.Refund): ToldRefund => ({
  state: stateOf(refund),
  ours: uuid.test(refund.metadata?.['refund_id'] ?? '') ? (refund.metadata?.['refund_id'] ?? null) : null,
  attempt: Number(refund.metadata?.['attempt'] ?? '1'),
  amountMinor: amountFromStripe(BigInt(refund.amount), refund.currency.toUpperCase()),
  currency: refund.currency.toUpperCase(),
});

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
