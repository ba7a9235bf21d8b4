import { invariant } from '@tollgate/kernel';
import { amountFromStripe } from '@tollgate/pricing';
import type Stripe from 'stripe';

import { outcomeOf, stripeTrouble } from '../../stripe/stripe-failure.ts';
import type { Refunds, ToldRefund } from '../app/refund-ports.ts';
import { isInvoiceItem, type RefundAttempt, type RefundOutcome, type RefundState } from '../domain/refund.ts';

/** `Refunds` on Stripe. */
export function stripeRefunds(stripe: Stripe): Refunds {
  return {
    send: (attempt) => send(stripe, attempt),
    ofPayment: async (paymentIntent) => {
      try {
        const all: ToldRefund[] = [];
        for await (const refund of stripe.refunds.list({ payment_intent: paymentIntent, limit: 100 }))
          all.push(toldOf(refund));
        return all;
      } catch (error) {
        throw stripeTrouble(error);
      }
    },
    creditsOf: async (customer) => {
      try {
        const all: ToldRefund[] = [];
        for await (const item of stripe.invoiceItems.list({ customer, limit: 100 }))
          if (item.amount < 0) all.push(creditOf(item));
        return all;
      } catch (error) {
        throw stripeTrouble(error);
      }
    },
  };
}

async function send(stripe: Stripe, attempt: RefundAttempt): Promise<RefundOutcome> {
  const { key, request } = attempt;
  const amount = Number(request['amount']);
  invariant(Number.isSafeInteger(amount), 'a refund fits into a number');
  try {
    if (isInvoiceItem(attempt))
      return creditOf(
        await stripe.invoiceItems.create({ ...request, amount } as unknown as Stripe.InvoiceItemCreateParams, {
          idempotencyKey: key,
        }),
      ).state;
    return stateOf(
      await stripe.refunds.create({ ...request, amount } as Stripe.RefundCreateParams, { idempotencyKey: key }),
    );
  } catch (error) {
    const outcome = outcomeOf(error);
    return outcome.is === 'rejected' || outcome.is === 'unanswered'
      ? outcome
      : { is: 'rejected', code: 'code' in outcome ? outcome.code : outcome.is };
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

/** An invoice item is done once it is made: Stripe puts it on the next invoice by itself. */
const creditOf = (item: Stripe.InvoiceItem): ToldRefund => ({
  state: { is: 'succeeded', stripeRefund: item.id, madeMs: item.date * 1000 },
  ...oursIn(item.metadata),
  amountMinor: amountFromStripe(BigInt(-item.amount), item.currency.toUpperCase()),
  currency: item.currency.toUpperCase(),
});

const oursIn = (metadata: Stripe.Metadata | null): Pick<ToldRefund, 'ours' | 'attempt'> => ({
  ours: uuid.test(metadata?.['refund_id'] ?? '') ? (metadata?.['refund_id'] ?? null) : null,
  attempt: Number(metadata?.['attempt'] ?? '1'),
});

const toldOf = (refund: Stripe.Refund): ToldRefund => ({
  state: stateOf(refund),
  ...oursIn(refund.metadata),
  amountMinor: amountFromStripe(BigInt(refund.amount), refund.currency.toUpperCase()),
  currency: refund.currency.toUpperCase(),
});

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
