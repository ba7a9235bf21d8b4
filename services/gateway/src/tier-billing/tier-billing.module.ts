import { Module } from '@nestjs/common';
import { wallClock } from '@tollgate/kernel';
import { Counter } from 'prom-client';

import type { Foundation } from '../foundation.ts';
import { provider } from '../foundation.ts';
import { PeopleAndKeysModule } from '../people-and-keys/people-and-keys.module.ts';
import { ConsumptionQueue } from './app/consumption-queue.ts';
import { TokenBilling } from './app/token-billing.ts';
import { makeConsumptionStore } from './postgres/consumption-queue.ts';
import { DifferencesController } from './routes/differences.controller.ts';
import { FeesController } from './routes/fees.controller.ts';
import { MoneyAdminController, SubscriptionController } from './routes/money.controller.ts';
import { ReconcileController } from './routes/reconcile.controller.ts';
import { RefundsController } from './routes/refunds.controller.ts';
import { TierBillingController } from './routes/usage.controller.ts';
import { WebhooksController } from './routes/webhooks.controller.ts';

const lookMs = 1_000;
const pruneMs = 60 * 60_000;
/** Queued usage that is in the log is kept this long for complaints. */
const keptMs = 30 * 86_400_000;

@Module({
  imports: [PeopleAndKeysModule],
  controllers: [
    TierBillingController,
    SubscriptionController,
    MoneyAdminController,
    ReconcileController,
    RefundsController,
    FeesController,
    DifferencesController,
    WebhooksController,
  ],
  providers: [
    provider(
      TokenBilling,
      [],
      ({ ledgerClient, ledger, billing, logger }) =>
        new TokenBilling({
          ledgerClient,
          ledger,
          billing,
          onTrouble: (error) =>
            logger.warn({ err: error }, 'billing did not say where charges stand: they are answered as pending'),
        }),
    ),
    provider(ConsumptionQueue, [], consumptionQueue),
  ],
})
export class TierBillingModule {}

/** The queue of usage recorded by SQL. A row that the log cannot accept is logged and counted. */
function consumptionQueue({
  pool,
  ledgerClient,
  testClock,
  logger,
  metrics,
  background,
}: Foundation): ConsumptionQueue {
  const store = makeConsumptionStore(pool);
  const setAside = new Counter({
    name: 'tollgate_sql_usage_set_aside_total',
    help: 'Rows queued by SQL that the log cannot take: dead letters in gateway.consumption_queue',
    registers: [metrics],
  });
  const queue = new ConsumptionQueue({
    store,
    ledgerClient,
    dated: testClock === undefined,
    onSetAside: (id, reason) => {
      setAside.inc();
      logger.error({ consumption: id, reason }, 'usage queued by SQL was set aside: the log cannot take it');
    },
  });
  background.every(lookMs, 'usage queued by SQL is brought to the log', () => queue.drain());
  background.every(pruneMs, 'old queued usage is removed', () => store.prune(wallClock.nowMs() - keptMs));
  return queue;
}
