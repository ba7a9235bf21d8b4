import { z } from 'zod';

import { shownAmount, shownTime } from '../../http-kit/openapi/answer-schemas.ts';

export const Report = z
  .object({
    account: z.string(),
    from: shownTime,
    to: shownTime,
    by: z.enum(['use', 'booked']),
    zone: z.string(),
    entries: z.int().min(0),
    amount: shownAmount,
    rows: z.array(
      z.object({
        day: z.string(),
        kind: z.string(),
        model: z.string().optional(),
        entries: z.int().min(1),
        amount: shownAmount,
        input_tokens: shownAmount,
        output_tokens: shownAmount,
        counts: z.record(z.string(), shownAmount).optional(),
      }),
    ),
  })
  .meta({ id: 'UsageReport' });
