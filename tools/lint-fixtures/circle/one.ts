// refused by: no-cycles
import type { Two } from './two.ts';

export type One = { readonly two: Two };
