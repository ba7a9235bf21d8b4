// at: services/gateway/src/credits/routes/usage.controller.ts
// refused by: no-restricted-imports
import { store } from '../postgres/store.ts';

export const kept = store;
