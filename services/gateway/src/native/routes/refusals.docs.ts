import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Refusals } from './answer-shapes.ts';

/** What OpenAPI says of these routes. */
export const docs = {
  list: {
    summary: 'Refusals on all surfaces, newest first, with the requested amount, the limit and what was available',
    auth: 'server key or owner',
    status: 200,
    answer: Refusals,
    errors: ['ACCOUNT_UNKNOWN'],
    description:
      'Refusals that were answered, and events that were refused when booked. Kept for 30 days, the newest ' +
      '1,000 per account. For an account that is refused more than 60 times a minute, further ones are counted: ' +
      '`count` tells how many refusals with a code an item stands for. under=true includes the accounts below ' +
      '`account`. Users must name an account of their own.',
    example: {
      items: [
        {
          account: 'acme/search',
          refused_at: '2026-11-21T12:00:00.000Z',
          code: 'ALLOWANCE_EXHAUSTED',
          detail: 'asked for 12 token, the budget of acme has 3 available',
          limit: { account: 'acme', limit: '100' },
          asked: '12',
          available: '3',
          source: 'http:spend',
          request_id: 'k-1',
          type: 'spend',
          correlation_id: 'k3x9-17',
          answered: true,
          count: 1,
        },
      ],
      next: null,
    },
  },
} satisfies Record<string, Documentation>;
