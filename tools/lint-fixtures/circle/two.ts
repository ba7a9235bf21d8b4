// refused by: no-cycles
import type { One } from './one.ts';

export type Two = { readonly one: One | null };
