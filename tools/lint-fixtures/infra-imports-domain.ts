// at: libs/persistence/src/index.ts
// refused by: @nx/enforce-module-boundaries
import { parseRateCard } from '@tollgate/pricing';

export const parse = parseRateCard;
