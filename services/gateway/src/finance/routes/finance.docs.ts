import { financeViews } from '@tollgate/contracts';
import { z } from 'zod';

import type { Documentation } from '../../http-kit/openapi/documented.ts';

const FinanceRows = z
  .object({
    success: z.literal(true),
    data: z.object({ view: z.string(), items: z.array(z.record(z.string(), z.unknown())) }),
  })
  .meta({ id: 'FinanceRows' });

/** What OpenAPI says of these routes. */
export const docs = {
  export: {
    summary: 'Exports a view of finance: all rows, as of one moment',
    auth: 'server key',
    status: 200,
    surface: 'tier billing',
    answer: FinanceRows,
    errors: [[429, 'at most 4 exports may run at a time; try again in some seconds', 'RATE_LIMITED']],
    description:
      'as_of: the figures as they were at a time, or as a closed month was kept (2026-10). view: ' +
      `${financeViews.join(', ')}. format=csv answers text/csv, jsonl one object a line, json (the default) one ` +
      'document. Of any size: rows are read and sent a page at a time, as fast as they are taken; when the client ' +
      'goes away, the query ends. An answer that breaks off in the middle is cut, never ended as if it were whole.',
    texts: {
      'text/csv': 'month,currency,kind,count,amount_minor,amount\n2026-10,BRL,usage,3,30000,300.00\n',
      'application/x-ndjson':
        '{"month":"2026-10","currency":"BRL","kind":"usage","count":"3","amount_minor":"30000","amount":"300.00"}\n',
    },
    example: {
      success: true,
      data: {
        view: 'revenue',
        items: [
          { month: '2026-10', currency: 'BRL', kind: 'usage', count: '3', amount_minor: '30000', amount: '300.00' },
        ],
      },
    },
  },
} satisfies Record<string, Documentation>;
