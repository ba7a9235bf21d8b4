// at: services/billing/src/start.ts
// refused by: @nx/enforce-module-boundaries
import { startStripeSimulator } from '@tollgate/stripe-simulator';

export const started = startStripeSimulator;
