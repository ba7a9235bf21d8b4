// at: services/quota/src/index.ts
// refused by: @nx/enforce-module-boundaries
import { startBilling } from '@tollgate/billing';

export const start = startBilling;
