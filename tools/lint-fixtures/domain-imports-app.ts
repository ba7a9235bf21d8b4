// at: services/billing/src/catalog/domain/catalog-version.ts
// refused by: no-restricted-imports
import type { CatalogStore } from '../app/catalog-ports.ts';

export type Store = CatalogStore;
