import { Module } from '@nestjs/common';
import { provided, startLoop, token } from '@tollgate/service-kit';

import { chargesAtOnce, CORE } from '../core/core.ts';
import { inBackground } from '../core/in-background.ts';
import { PayerChanges } from '../customers/app/payer-changes.ts';
import { CustomersModule } from '../customers/customers.module.ts';
import type { ChargeStore, Payments } from './app/charge-ports.ts';
import { startChargeWorker } from './app/charge-worker.ts';
import { Charging } from './app/charging.ts';
import { startDeferring, startResuming } from './app/stripe-off.ts';
import { TierCrossingsConsumer } from './consumers/tier-crossings.consumer.ts';
import { chargeLog } from './log/charge-log.ts';
import { chargeOutbox } from './postgres/charge-outbox.ts';
import { chargeStore } from './postgres/charge-store.ts';
import { stripePayments } from './stripe/stripe-payments.ts';

export const CHARGES = {
  store: token<ChargeStore>('charges.store'),
  payments: token<Payments>('charges.payments'),
} as const;

const outboxIdleMs = 2_000;

const charging = provided(
  Charging,
  [CHARGES.store, CORE.clock, CORE.work, PayerChanges],
  (store, clock, work, payerChanges) => {
    const made = new Charging({
      store,
      clock,
      wakeWorker: () => work.wake('charges'),
      wakeOutbox: () => work.wake('charge-events'),
    });
    payerChanges.follow((users) => made.payerChanged(users));
    return made;
  },
);

const worker = inBackground(
  'charges',
  [CORE.options, CORE.logger, CHARGES.store, CHARGES.payments, Charging, CORE.clock, CORE.jitter, CORE.report],
  ({ stripe }, logger, store, payments, { changed }, clock, jitter, report) => {
    if (stripe === 'off') {
      logger.warn('Stripe is off (STRIPE=off): charges stay pending, no webhook of Stripe is taken');
      const onFailure = report('charges could not be read; it is tried again');
      return () => startDeferring({ store, clock, onChange: changed, onFailure });
    }
    const onFailure = report('charges could not be worked on; it is tried again');
    const concurrency = chargesAtOnce;
    return () => startChargeWorker({ store, payments, clock, concurrency, jitter, onChange: changed, onFailure });
  },
);

/** Runs in the background, so that an unreachable database does not delay the start. */
const releasing = inBackground(
  'charges-held-back',
  [CORE.options, CORE.logger, CHARGES.store, CORE.clock, CORE.work, CORE.report],
  ({ stripe }, logger, store, clock, work, report) =>
    stripe === 'off'
      ? null
      : () =>
          startResuming({
            store,
            clock,
            onFailure: report('charges that wait for Stripe could not be read; it is tried again'),
            onResumed: (charges) => {
              if (charges > 0) logger.info({ charges }, 'Stripe is on: charges that waited for it are tried now');
              work.wake('charges');
            },
          }),
);

/** Stopped last, because the other loops still change charges. */
const publisher = inBackground(
  'charge-events',
  [CORE.pool, CORE.eventLog, CORE.report],
  (pool, eventLog, report) => {
    const [outbox, publish] = [chargeOutbox(pool), chargeLog(eventLog)];
    return () =>
      startLoop({
        round: async () => ((await outbox.publish(publish)) > 0 ? 0 : outboxIdleMs),
        onFailure: report('charges could not be published; it is tried again'),
      });
  },
  { stopLast: true },
);

/** One charge a block of usage beyond what is included; paid through Stripe, once. */
@Module({
  imports: [CustomersModule],
  controllers: [TierCrossingsConsumer],
  providers: [
    provided(CHARGES.store, [CORE.pool, CORE.lockPool], chargeStore),
    provided(CHARGES.payments, [CORE.stripe], stripePayments),
    charging,
    ...publisher,
    ...worker,
    ...releasing,
  ],
  exports: [...Object.values(CHARGES), Charging],
})
export class ChargesModule {}
