import 'reflect-metadata';

import { type DynamicModule, Module } from '@nestjs/common';
import type { BillingQueries } from '@tollgate/contracts';
import { type HealthReport, partOf, provided } from '@tollgate/service-kit';

import { CATALOG, CatalogModule } from './catalog/catalog.module.ts';
import { Charging } from './charges/app/charging.ts';
import { ChargesModule } from './charges/charges.module.ts';
import { CoreModule } from './core/core.module.ts';
import { type BillingOptions, CORE } from './core/core.ts';
import { CUSTOMERS, CustomersModule } from './customers/customers.module.ts';
import { FINANCE, FinanceModule } from './finance/finance.module.ts';
import { RECONCILIATION, ReconciliationModule } from './reconciliation/reconciliation.module.ts';
import { REFUNDS, RefundsModule } from './refunds/refunds.module.ts';
import { SUBSCRIPTIONS, SubscriptionsModule } from './subscriptions/subscriptions.module.ts';
import { TOP_UPS, TopUpsModule } from './topups/top-ups.module.ts';
import { WEBHOOKS_IN, WebhooksInModule } from './webhooks-in/webhooks-in.module.ts';
import { WEBHOOKS_OUT, WebhooksOutModule } from './webhooks-out/webhooks-out.module.ts';

/** What billing answers to others. */
export abstract class Billing {
  abstract readonly queries: BillingQueries;
  abstract health(): Promise<HealthReport>;
}

const billing = provided(
  Billing,
  [
    CORE.pool,
    CORE.eventLog,
    Charging,
    CATALOG.queries,
    CUSTOMERS.queries,
    FINANCE.queries,
    RECONCILIATION.queries,
    REFUNDS.queries,
    SUBSCRIPTIONS.queries,
    TOP_UPS.queries,
    WEBHOOKS_IN.queries,
    WEBHOOKS_OUT.queries,
  ],
  (
    pool,
    eventLog,
    charging,
    catalog,
    customers,
    finance,
    reconciliation,
    refunds,
    subscriptions,
    topUps,
    inbound,
    outbound,
  ) => ({
    queries: {
      ...charging.queries,
      ...catalog,
      ...customers,
      ...finance,
      ...reconciliation,
      ...refunds,
      ...subscriptions,
      ...topUps,
      ...inbound,
      ...outbound,
    },
    health: async () => {
      const parts = await Promise.all([
        partOf('database', () => pool.query('select 1')),
        partOf('log', () => eventLog.check()),
      ]);
      return { ready: parts.every(({ up }) => up), parts };
    },
  }),
);

const capabilities = [
  CatalogModule,
  ChargesModule,
  CustomersModule,
  FinanceModule,
  ReconciliationModule,
  RefundsModule,
  SubscriptionsModule,
  TopUpsModule,
  WebhooksInModule,
  WebhooksOutModule,
];

@Module({})
export class BillingModule {
  static with(options: BillingOptions): DynamicModule {
    return { module: BillingModule, imports: [CoreModule.with(options), ...capabilities], providers: [billing] };
  }
}
