// at: libs/kernel/src/index.ts
// refused by: @nx/enforce-module-boundaries
import { topics } from '@tollgate/contracts';

export const all = topics;
