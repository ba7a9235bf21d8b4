export { startBilling } from './start.ts';
export type { RunningBilling } from './start.ts';
export type { BillingOptions } from './billing.module.ts';
export { billingSchema } from './adapters/postgres/migrations.ts';
