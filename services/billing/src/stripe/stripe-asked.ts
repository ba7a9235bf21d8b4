import { AppError } from '@tollgate/kernel';

import { isRefusal, stripeTrouble } from './stripe-failure.ts';

/**
 * A definite refusal becomes STRIPE_REFUSED, for the caller to correct; anything else is `unavailable`. Stripe's own
 * text is left out, because it may name people.
 */
export async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (isRefusal(error)) {
      const reason = error.decline_code ?? error.code ?? 'invalid_request';
      throw new AppError('invalid', 'STRIPE_REFUSED', `Stripe refused this: ${reason}`, { reason, param: error.param });
    }
    throw stripeTrouble(error);
  }
}
