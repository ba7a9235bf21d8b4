// at: services/billing/src/app/ports.ts
// refused by: no-restricted-imports
import type { Pool } from 'pg';

export type Store = Pool;
