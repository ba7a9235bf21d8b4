// at: services/billing/src/app/ports.ts
// refused by: no-restricted-imports
import { catalogStore } from '../adapters/postgres/catalog-store.ts';

export const store = catalogStore;
