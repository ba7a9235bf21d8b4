import type { Clock } from '@tollgate/kernel';

import { afterOutcome } from '../domain/top-up.ts';
import type { TopUpPayments, TopUpStore } from './ports.ts';

/** Stripe told of a payment of a purchase; `unknown`: there is no such purchase here. */
export type ToldPayment = (id: string, paymentIntent: string) => Promise<'applied' | 'ignored' | 'unknown'>;

export const makeToldPayment =
  (parts: {
    readonly store: Pick<TopUpStore, 'find' | 'record'>;
    readonly payments: Pick<TopUpPayments, 'retrieve'>;
    readonly clock: Clock;
    readonly onChange: () => void;
  }): ToldPayment =>
  async (id, paymentIntent) => {
    const { store, payments, clock } = parts;
    if ((await store.find(id)) === null) return 'unknown';
    // The order of news does not matter: what counts is how it stands now.
    const state = await payments.retrieve(paymentIntent);
    // The worker learns of refusals and payments under way by its own calls.
    const changed =
      state.is === 'succeeded' &&
      (await store.record(id, (now) => afterOutcome(now, state, clock.nowMs()), clock.nowMs()));
    if (changed) parts.onChange();
    return changed ? 'applied' : 'ignored';
  };
