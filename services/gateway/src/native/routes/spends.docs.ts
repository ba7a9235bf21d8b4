import { z } from 'zod';

import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { entryExample } from './examples.ts';
import { SpendItem, SpendResults, spendsMax } from './spend-shapes.ts';

const examples = [
  { account: 'acme/search', id: 'call-17', amount: '1' },
  { account: 'acme/chat', id: 'call-18', usage: { model: 'm-1', input_tokens: 800, output_tokens: 120 } },
];

/** The body of `POST /v1/spends`; each item is checked by itself. */
export const body = {
  schema: z.toJSONSchema(z.array(SpendItem).min(1).max(spendsMax), { target: 'openapi-3.0', io: 'input' }) as object,
  examples: { two: { value: examples } },
};

/** What OpenAPI says of these routes. */
export const docs = {
  spends: {
    summary: 'Up to 1,000 spends in one call, each decided by itself; results in the same order',
    auth: 'server key',
    status: 200,
    answer: SpendResults,
    errors: ['BODY_MALFORMED'],
    description:
      'Each is as its single call, POST /v1/accounts/:id/spend, would be: `status` is its status, with `entry` and ' +
      '`available`, or with `problem` where it was refused. An item that is refused holds up no other. `id` is the ' +
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
