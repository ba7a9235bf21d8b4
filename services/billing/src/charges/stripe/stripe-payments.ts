import { AppError, invariant } from '@tollgate/kernel';
import type Stripe from 'stripe';

import { outcomeOf, stateOf, stripeTrouble } from '../../stripe/stripe-failure.ts';
import type { Payments } from '../app/charge-ports.ts';
import type { Attempt, CallOutcome } from '../domain/charge.ts';

/** `Payments` on Stripe's PaymentIntents. */
export function stripePayments(stripe: Stripe): Payments {
  return {
    send: (attempt) => send(stripe, attempt),
    retrieve: (id) =>
      orStripeTrouble(async () => stateOf(await stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] }))),
    find: ({ customer, chargeId, series, createdFromMs }) =>
      orStripeTrouble(async () => {
        // Stripe's clock may differ from ours: payments are listed from two hours before.
        const gte = Math.max(0, Math.floor(createdFromMs / 1000) - 7_200);
        for await (const intent of stripe.paymentIntents.list({
          customer,
          created: { gte },
          limit: 100,
          expand: ['data.latest_charge'],
        })) {
          if (intent.metadata['charge_id'] === chargeId && (intent.metadata['series'] ?? '0') === String(series))
            return stateOf(intent);
        }
        return null;
      }),
  };
}

async function send(stripe: Stripe, attempt: Attempt): Promise<CallOutcome> {
  const options = { idempotencyKey: attempt.key };
  try {
    switch (attempt.kind) {
      case 'create':
        return stateOf(await stripe.paymentIntents.create(creation(attempt.request), options));
      case 'confirm': {
        const { payment_intent: id, ...params } = attempt.request;
        return stateOf(
          await stripe.paymentIntents.confirm(String(id), params as Stripe.PaymentIntentConfirmParams, options),
        );
      }
      case 'cancel':
        return stateOf(await stripe.paymentIntents.cancel(String(attempt.request['payment_intent']), {}, options));
    }
  } catch (error) {
    return outcomeOf(error);
  }
}

/** The stored parameters with the amount as Stripe takes it. */
function creation(request: Attempt['request']): Stripe.PaymentIntentCreateParams {
  const amount = Number(request['amount']);
  invariant(Number.isSafeInteger(amount), 'a charge fits into a number');
  return { ...request, amount } as Stripe.PaymentIntentCreateParams;
}

async function orStripeTrouble<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw stripeTrouble(error);
  }
}
