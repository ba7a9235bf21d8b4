// at: libs/contracts/src/index.ts
// refused by: @nx/enforce-module-boundaries
import { createPool } from '@tollgate/persistence';

export const pool = createPool;
