// at: services/billing/src/catalog/domain/catalog-version.ts
// refused by: no-restricted-imports
import pg from 'pg';

export const pool = new pg.Pool();
