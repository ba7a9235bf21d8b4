import { Module } from '@nestjs/common';
import type { MoneyQueries } from '@tollgate/contracts';
import { provided, token } from '@tollgate/service-kit';

import { Charging } from '../charges/app/charging.ts';
import { ChargesModule } from '../charges/charges.module.ts';
import { CORE } from '../core/core.ts';
import { inBackground } from '../core/in-background.ts';
import type { Refunds, RefundStore } from './app/refund-ports.ts';
import { makeRefundQueries, startRefundWorker } from './app/refunding.ts';
import { refundStore } from './postgres/refund-store.ts';
import { stripeRefunds } from './stripe/stripe-refunds.ts';

export const REFUNDS = {
  store: token<RefundStore>('refunds.store'),
  stripe: token<Refunds>('refunds.stripe'),
  queries: token<Pick<MoneyQueries, 'listRefunds' | 'approveRefund' | 'declineRefund'>>('refunds.queries'),
} as const;

const worker = inBackground(
  'refunds',
  [CORE.options, REFUNDS.store, REFUNDS.stripe, CORE.clock, CORE.report, CORE.work, Charging],
  ({ stripe }, store, refunds, clock, report, work, charging) =>
    stripe === 'off'
      ? null
      : () =>
          startRefundWorker({
            store,
            refunds,
            clock,
            onFailure: report('refunds could not be worked on; it is tried again'),
            onChange: () => {
              charging.changed();
              work.wake('charges');
            },
          }),
);

/** What corrections propose to pay back, decided by people and sent through Stripe. */
@Module({
  imports: [ChargesModule],
  providers: [
    provided(REFUNDS.store, [CORE.pool, CORE.lockPool], refundStore),
    provided(REFUNDS.stripe, [CORE.stripe], stripeRefunds),
    provided(
      REFUNDS.queries,
      [REFUNDS.store, CORE.clock, CORE.options, CORE.work, Charging],
      (store, clock, { fourEyes = new Map() }, work, charging) =>
        makeRefundQueries({
          store,
          clock,
          fourEyes,
          onApproved: () => work.wake('refunds'),
          onChange: charging.changed,
        }),
    ),
    ...worker,
  ],
  exports: Object.values(REFUNDS),
})
export class RefundsModule {}
