// at: services/ledger/src/domain/decide.ts
// refused by: no-restricted-imports
import type { BookStore } from '../booking/ports.ts';

export type Store = BookStore;
