// at: services/billing/src/catalog/app/catalog-ports.ts
// refused by: no-restricted-imports
import { catalogStore } from '../postgres/catalog-store.ts';

export const store = catalogStore;
