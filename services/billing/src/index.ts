export { startBilling } from './start.ts';
export type { RunningBilling } from './start.ts';
export type { BillingOptions } from './billing.module.ts';
export { billingSchema } from './adapters/postgres/migrations.ts';
export { stripeSecrets, stripeSettings } from './config.ts';
export type { StripeSettings } from './adapters/stripe/stripe-client.ts';
export { startStripeSimulator } from './simulator/server.ts';
export type { StripeSimulator } from './simulator/server.ts';
export { stripeSimulatorSchema } from './simulator/schema.ts';
