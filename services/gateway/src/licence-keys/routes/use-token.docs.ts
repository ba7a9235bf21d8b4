import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { TokenUsage, TokenUsed } from './answer-shapes.ts';
import { useTokenExample } from './examples.ts';
import { tooManyUnknown } from './shapes.ts';

const surface = 'licence keys';

/** What OpenAPI says of these routes. */
export const docs = {
  use: {
    summary: 'Takes one token of the key',
    auth: 'user',
    status: 200,
    once: true,
    surface,
    answer: TokenUsed,
    example: useTokenExample,
    errors: [
      [404, 'License key not found'],
      [403, 'You do not have permission to use this license key'],
      [400, 'License key is not active'],
      [400, 'Insufficient token balance'],
      tooManyUnknown,
    ],
  },
  usage: {
    summary: 'Uses of the key, newest first; for its owner',
    auth: 'user',
    status: 200,
    surface,
    answer: TokenUsage,
    example: {
      success: true,
      data: {
        items: [
          {
            id: '17-412',
            license_key_id: '7d0f…',
            user_id: '0b6c…',
            previous_balance: 100,
            new_balance: 99,
            tokens_used: 1,
            purpose: 'API request',
            metadata: { endpoint: '/api/data' },
            created_at: '2026-11-21T12:00:00.000Z',
          },
        ],
        pagination: { page: 1, limit: 20, total: 1 },
      },
    },
    errors: [
      [404, 'License key not found'],
      [403, 'You do not have permission to use this license key'],
      tooManyUnknown,
    ],
  },
} satisfies Record<string, Documentation>;
