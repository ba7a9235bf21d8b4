import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { KeyUsage, OwnKey, UsageStats, ValidatedKey } from './answer-shapes.ts';
import { keyExample, validExample } from './examples.ts';
import { tooManyUnknown } from './shapes.ts';

const surface = 'licence keys';

const unknownKey = [404, 'License key not found'] as const;

const ownExample = {
  success: true,
  data: { id: keyExample.id, license_key: keyExample.license_key, token_balance: 100, status: 'active' },
};

function statsExample(): object {
  const stats = {
    weekly_usage: [0, 0, 0, 0, 0, 3, 4],
    weekly_labels: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'],
    total_this_week: 7,
    avg_daily_usage: 1,
    est_days_remaining: 99,
  };
  return { success: true, ...stats, data: stats };
}

/** What OpenAPI says of these routes. */
export const docs = {
  validate: {
    summary: 'Whether a key exists and is valid; for anybody who knows it',
    auth: 'none',
    status: 200,
    surface,
    answer: ValidatedKey,
    example: validExample,
    description:
      'Valid is a key that is active, or in a trial that has not ended. An unknown key is answered 200 with ' +
      '`exists: false`; an address that asks for more than 20 of them in 15 minutes has to wait.',
    errors: [tooManyUnknown],
  },
  byKey: {
    summary: 'A key of the user',
    auth: 'user',
    status: 200,
    surface,
    answer: OwnKey,
    example: ownExample,
    errors: [unknownKey],
  },
  byId: {
    summary: 'A key of the user, by its id',
    auth: 'user',
    status: 200,
    surface,
    answer: OwnKey,
    example: ownExample,
    errors: [unknownKey],
  },
  stats: {
    summary: 'Uses of all keys of the user in the last seven days, in UTC',
    auth: 'user',
    status: 200,
    surface,
    answer: UsageStats,
    description: '`est_days_remaining`: how long what is left lasts at that rate; null when nothing was used.',
    example: statsExample(),
  },
  usage: {
    summary: 'Uses of a key, newest first, and how many there were in the last seven days; for its owner',
    auth: 'user',
    status: 200,
    surface,
    answer: KeyUsage,
    example: {
      success: true,
      data: {
        license_key: keyExample.license_key,
        current_balance: 99,
        weekly_usage: 1,
        avg_daily_usage: 0.14,
        usage_history: [
          {
            id: '17-412',
            license_key_id: keyExample.id,
            user_id: '0b6c…',
            previous_balance: 100,
            new_balance: 99,
            tokens_used: 1,
            purpose: 'API request',
            metadata: { endpoint: '/api/data' },
            created_at: '2026-11-21T12:00:00.000Z',
          },
        ],
      },
      pagination: { page: 1, limit: 20, total: 1, totalPages: 1 },
    },
    errors: [unknownKey, [403, 'You do not have permission to use this license key'], tooManyUnknown],
  },
} satisfies Record<string, Documentation>;
