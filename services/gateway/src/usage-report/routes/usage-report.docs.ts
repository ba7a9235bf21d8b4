import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Report } from './answer-shapes.ts';
import { reportCsv, reportExample } from './examples.ts';

/** What OpenAPI says of these routes. */
export const docs = {
  report: {
    summary: 'Usage of an account in a period by day, kind and model; default: the last 30 days in UTC',
    auth: 'server key or owner',
    status: 200,
    description:
      'By the time of use; with `by=booked` by the time of booking. At most 366 days. `counts` has all other ' +
      'counted quantities. `format=csv` answers the rows as CSV, with a column per quantity.',
    answer: Report,
    example: reportExample,
    texts: reportCsv,
    errors: ['ACCOUNT_UNKNOWN'],
  },
} satisfies Record<string, Documentation>;
