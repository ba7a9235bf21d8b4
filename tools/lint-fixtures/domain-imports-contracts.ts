// at: libs/pricing/src/index.ts
// refused by: @nx/enforce-module-boundaries
import { topics } from '@tollgate/contracts';

export const all = topics;
