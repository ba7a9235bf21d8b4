export { outgoingSecrets, outgoingSettings, stripeOffFault, stripeSecrets, stripeSettings } from './config.ts';
export type { BillingOptions } from './core/core.ts';
export { financeSchema } from './postgres/finance-schema.ts';
export { billingSchema } from './postgres/migrations.ts';
export type { FourEyes } from './refunds/domain/four-eyes.ts';
export type { RunningBilling } from './start.ts';
export { startBilling } from './start.ts';
export type { StripeAccess, StripeSettings } from './stripe/stripe-client.ts';
