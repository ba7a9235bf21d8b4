import { Module } from '@nestjs/common';
import type { TopUpQueries } from '@tollgate/contracts';
import { provided, token } from '@tollgate/service-kit';

import { CORE } from '../core/core.ts';
import { inBackground } from '../core/in-background.ts';
import { CUSTOMERS, CustomersModule } from '../customers/customers.module.ts';
import { stripeIsOff } from '../stripe/stripe-client.ts';
import { makeTopUpQueries } from './app/auto-top-ups.ts';
import type { TopUpRefunds, TopUpStore } from './app/ports.ts';
import { makeToldPayment, type ToldPayment } from './app/told-payment.ts';
import { startTopUpWorker, startWatching, type TopUpParts } from './app/top-up-worker.ts';
import { topUpGrants } from './log/top-up-grants.ts';
import { topUpRefunds } from './postgres/top-up-refunds.ts';
import { topUpStore } from './postgres/top-up-store.ts';
import { stripeTopUps } from './stripe/stripe-top-ups.ts';

export const TOP_UPS = {
  store: token<TopUpStore>('top-ups.store'),
  parts: token<TopUpParts>('top-ups.parts'),
  told: token<ToldPayment>('top-ups.told'),
  refunds: token<TopUpRefunds>('top-ups.refunds'),
  queries: token<TopUpQueries>('top-ups.queries'),
} as const;

const parts = provided(
  TOP_UPS.parts,
  [TOP_UPS.store, CORE.stripe, CORE.ledger, CORE.eventLog, CORE.clock, CORE.report],
  (store, stripe, ledger, eventLog, clock, report) => ({
    store,
    payments: stripeTopUps(stripe),
    ledger,
    give: topUpGrants(eventLog),
    clock,
    onFailure: report('top-ups could not be worked on; it is tried again'),
  }),
);

const queries = provided(
  TOP_UPS.queries,
  [TOP_UPS.store, CUSTOMERS.store, CORE.ledger, CORE.clock, CORE.options],
  (store, customers, ledger, clock, { stripe }) => ({
    ...makeTopUpQueries({ store, customers, ledger, clock }),
    ...(stripe === 'off' ? { putAutoTopUp: () => Promise.reject(stripeIsOff()) } : {}),
  }),
);

const told = provided(
  TOP_UPS.told,
  [CORE.options, TOP_UPS.parts, CORE.work],
  ({ stripe }, { store, payments, clock }, work) =>
    stripe === 'off'
      ? () => Promise.resolve('unknown' as const)
      : makeToldPayment({ store, payments, clock, onChange: () => work.wake('top-ups') }),
);

const worker = inBackground('top-ups', [CORE.options, TOP_UPS.parts], ({ stripe }, working) =>
  stripe === 'off' ? null : () => startTopUpWorker(working),
);

const watching = inBackground('low-wallets', [CORE.options, TOP_UPS.parts, CORE.work], ({ stripe }, working, work) =>
  stripe === 'off' ? null : () => startWatching({ ...working, onBegun: () => work.wake('top-ups') }),
);

/** Wallets that buy units by themselves when they are low. */
@Module({
  imports: [CustomersModule],
  providers: [
    provided(TOP_UPS.store, [CORE.pool, CORE.lockPool], topUpStore),
    provided(TOP_UPS.refunds, [CORE.pool], topUpRefunds),
    parts,
    queries,
    told,
    ...worker,
    ...watching,
  ],
  exports: [TOP_UPS.told, TOP_UPS.refunds, TOP_UPS.queries],
})
export class TopUpsModule {}
