// at: services/gateway/src/http/caller.ts
// refused by: no-restricted-imports
import { store } from '../adapters/postgres/store.ts';

export const kept = store;
