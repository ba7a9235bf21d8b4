// at: services/billing/src/catalog/app/catalog-ports.ts
// refused by: no-restricted-imports
import type { Pool } from 'pg';

export type Store = Pool;
