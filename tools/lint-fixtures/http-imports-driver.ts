// at: services/gateway/src/http/caller.ts
// refused by: no-restricted-imports
import type { Pool } from 'pg';

export type Store = Pool;
