// at: services/billing/src/domain/catalog-version.ts
// refused by: no-restricted-imports
import type { CatalogStore } from '../app/ports.ts';

export type Store = CatalogStore;
