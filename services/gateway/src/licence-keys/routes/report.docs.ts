import { z } from 'zod';

import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Report } from '../../usage-report/routes/answer-shapes.ts';
import { reportCsv, reportExample } from '../../usage-report/routes/examples.ts';
import { tooManyUnknown } from './shapes.ts';

/** What OpenAPI says of these routes. */
export const docs = {
  report: {
    summary: 'Usage of a key in a period by day and kind; for its owner',
    auth: 'user',
    status: 200,
    surface: 'licence keys',
    answer: z.object({ success: z.boolean(), data: Report }),
    description:
      'By the time of use in `zone` (default UTC), or `by=booked`. Default: the last 30 days; at most 366. With ' +
      '`format=csv` the rows as CSV.',
    example: { success: true, data: reportExample },
    texts: reportCsv,
    errors: [
      [404, 'License key not found'],
      [403, 'You do not have permission to use this license key'],
      tooManyUnknown,
    ],
  },
} satisfies Record<string, Documentation>;
