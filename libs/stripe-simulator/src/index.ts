export { stripeSimulatorSchema } from './postgres/schema.ts';
export type { SimulatedFault, StripeSimulator, StripeSimulatorOptions } from './server.ts';
export { startStripeSimulator } from './server.ts';
