import type { TopUpQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import type { EventLog } from '@tollgate/messaging';
import type { Pool } from 'pg';
import type Stripe from 'stripe';

import type { CustomerStore } from '../subscriptions/app/account-ports.ts';
import { makeTopUpQueries } from './app/auto-top-ups.ts';
import type { TopUpLedger } from './app/ports.ts';
import { startTopUpWorker, startWatching } from './app/top-up-worker.ts';
import { afterOutcome } from './domain/top-up.ts';
import { topUpGrants } from './log/top-up-grants.ts';
import { topUpStore } from './postgres/top-up-store.ts';
import { stripeTopUps } from './stripe/stripe-top-ups.ts';

export type TopUpOptions = {
  readonly pool: Pool;
  /** Its sessions hold purchases while they are worked on. */
  readonly holders: Pool;
  /** null: Stripe is off, so nothing is bought. */
  readonly stripe: Stripe | null;
  readonly eventLog: EventLog;
  readonly ledger: TopUpLedger;
  readonly customers: Pick<CustomerStore, 'view'>;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
};
export type RunningTopUps = {
  readonly queries: TopUpQueries;
  /** Stripe told of a payment of a purchase; `unknown`: there is no such purchase here. */
  told(id: string, paymentIntent: string): Promise<'applied' | 'ignored' | 'unknown'>;
  stop(): Promise<void>;
};

/** Joins auto top-up with the database, Stripe and the ledger, and starts what works by itself. */
export function startTopUps(options: TopUpOptions): RunningTopUps {
  const { clock, ledger, customers, onFailure } = options;
  const store = topUpStore(options.pool, options.holders);
  const queries = makeTopUpQueries({ store, customers, ledger, clock });
  if (options.stripe === null)
    return { queries, told: () => Promise.resolve('unknown'), stop: () => Promise.resolve() };
  const payments = stripeTopUps(options.stripe);
  const parts = { store, payments, ledger, give: topUpGrants(options.eventLog), clock, onFailure };
  const worker = startTopUpWorker(parts);
  const watching = startWatching({ ...parts, onBegun: () => worker.wake() });
  return {
    queries,
    told: async (id, paymentIntent) => {
      if ((await store.find(id)) === null) return 'unknown';
      // The order of news does not matter: what counts is how it stands now.
      const state = await payments.retrieve(paymentIntent);
      // What is refused or under way, the worker learns by its own call.
      const changed =
        state.is === 'succeeded' &&
        (await store.record(id, (now) => afterOutcome(now, state, clock.nowMs()), clock.nowMs()));
      if (changed) worker.wake();
      return changed ? 'applied' : 'ignored';
    },
    stop: async () => {
      await Promise.all([watching.stop(), worker.stop()]);
    },
  };
}
