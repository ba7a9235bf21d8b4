// at: services/gateway/src/credits/routes/caller.ts
// refused by: no-restricted-imports
import { store } from '../postgres/store.ts';

export const kept = store;
