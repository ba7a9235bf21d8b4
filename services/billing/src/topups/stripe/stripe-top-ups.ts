import { AppError, invariant } from '@tollgate/kernel';
import type Stripe from 'stripe';

import type { CallOutcome } from '../../charges/domain/charge.ts';
import { outcomeOf, stateOf, stripeTrouble } from '../../stripe/stripe-failure.ts';
import type { TopUpPayments } from '../app/ports.ts';

/** Stripe's clock is not ours. */
const marginS = 7_200;

/** `TopUpPayments` on Stripe's PaymentIntents; the id of a top-up is its idempotency key. */
export function stripeTopUps(stripe: Stripe): TopUpPayments {
  return {
    create: ({ id, request }) => {
      const amount = Number(request['amount']);
      invariant(Number.isSafeInteger(amount), 'a top-up fits into a number');
      const params = { ...request, amount } as unknown as Stripe.PaymentIntentCreateParams;
      return answered(() => stripe.paymentIntents.create(params, { idempotencyKey: id }));
    },
    cancel: (paymentIntent) =>
      answered(() => stripe.paymentIntents.cancel(paymentIntent, {}, { idempotencyKey: `${paymentIntent}:cancel` })),
    retrieve: (paymentIntent) =>
      asked(async () => stateOf(await stripe.paymentIntents.retrieve(paymentIntent, { expand: ['latest_charge'] }))),
    find: ({ id, request, createdMs }) =>
      asked(async () => {
        const found = stripe.paymentIntents.list({
          customer: String(request['customer']),
          created: { gte: Math.max(0, Math.floor(createdMs / 1000) - marginS) },
          limit: 100,
          expand: ['data.latest_charge'],
        });
        for await (const intent of found) if (topUpIdIn(intent.metadata) === id) return stateOf(intent);
        return null;
      }),
  };
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The top-up that our metadata names; null: it is none. */
export function topUpIdIn(metadata: Stripe.Metadata): string | null {
  const id = metadata['topup_id'] ?? '';
  return uuid.test(id) ? id : null;
}

async function answered(call: () => Promise<Stripe.PaymentIntent>): Promise<CallOutcome> {
  try {
    return stateOf(await call());
  } catch (error) {
    return outcomeOf(error);
  }
}

async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw stripeTrouble(error);
  }
}
