import { z } from 'zod';

import { type QueryContract, text } from './contract.ts';
import type { QuotaQueries } from './quota-queries.ts';

/** See `QuotaQueries`, which says what each of them answers. */
export const quotaContract: QueryContract<QuotaQueries> = {
  check: z.strictObject({ token: text, refresh: z.boolean().exactOptional(), use: z.boolean().exactOptional() }),
  stored: z.strictObject({ token: text }),
};
