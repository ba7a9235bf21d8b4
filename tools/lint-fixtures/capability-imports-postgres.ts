// at: services/ledger/src/sealing/sealer.ts
// refused by: no-restricted-imports
import { PostgresSeals } from './postgres/postgres-seals.ts';

export const store = PostgresSeals;
