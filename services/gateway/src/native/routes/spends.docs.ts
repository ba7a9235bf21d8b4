import { z } from 'zod';

import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { entryExample } from './examples.ts';
import { SpendItem, SpendResults, spendsMax } from './spend-shapes.ts';

const examples = [
  { account: 'acme/search', id: 'call-17', amount: '1' },
  { account: 'acme/chat', id: 'call-18', usage: { model: 'm-1', input_tokens: 800, output_tokens: 120 } },
];

/** The body is validated spend by spend. */
const body = {
  required: true,
  description: `an array of 1 to ${spendsMax} spends`,
  content: {
    'application/json': {
      schema: z.toJSONSchema(z.array(SpendItem).min(1).max(spendsMax), {
        target: 'openapi-3.0',
        io: 'input',
      }) as object,
      example: examples,
    },
  },
};

/** What OpenAPI says of these routes. */
export const docs = {
  spends: {
    summary: 'Up to 1,000 spends in one call, each decided independently; results in the same order',
    body,
    auth: 'server key',
    status: 200,
    answer: SpendResults,
    errors: ['BODY_MALFORMED'],
    description:
      'Each is as its single call, POST /v1/accounts/:id/spend, would be: `status` is its status, with `entry` and ' +
      '`available`, or with `problem` where it was refused. A refused item does not affect the others. `id` is the ' +
      "single call's Idempotency-Key: the same item again, here or there, gets its first answer (`replayed`).",
    example: {
      results: [
        { id: 'call-17', status: 200, entry: entryExample, available: '999' },
        {
          id: 'call-18',
          status: 402,
          problem: {
            type: 'about:blank',
            title: 'Not enough left',
            status: 402,
            code: 'ALLOWANCE_EXHAUSTED',
            detail: 'asked for 30 token, the account has 3 available',
            correlation_id: 'k3x9-17',
          },
        },
      ],
    },
  },
} satisfies Record<string, Documentation>;
