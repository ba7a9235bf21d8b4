// at: services/gateway/src/credits/routes/usage.controller.ts
// refused by: no-restricted-imports
import type { Pool } from 'pg';

export type Store = Pool;
