// at: libs/testing/src/index.ts
// refused by: @nx/enforce-module-boundaries
import { startQuota } from '@tollgate/quota';

export const start = startQuota;
