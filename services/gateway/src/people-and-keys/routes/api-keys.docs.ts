import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { ApiKeys, NewKey, RevokedKey } from './api-key-shapes.ts';

const keyExample = {
  id: '7d0f2c1a-52a7-4f43-9a57-0d2cf8a4a6c1',
  name: 'search service',
  scopes: ['events:write'],
  rate_limit_per_s: null,
  account: 'acme',
  expires_at: null,
  last_used_at: '2026-11-21T12:30:00.000Z',
  created_at: '2026-11-21T12:00:00.000Z',
};

/** What OpenAPI says of these routes. */
export const docs = {
  create: {
    summary: 'Creates a server key, which is shown only in this answer',
    auth: 'admin',
    status: 201,
    answer: NewKey,
    example: { ...keyExample, key: 'tg_…' },
    errors: ['TIME_OUT_OF_RANGE'],
    description:
      'With `account` the key is valid only for that account and those below it, on routes about one account. ' +
      '`expires_at` ends it.',
  },
  rotate: {
    summary:
      'Rotates a server key: creates a successor with the same rights, shown only in this answer; the old key ' +
      'ends after the overlap',
    auth: 'admin',
    status: 201,
    answer: NewKey,
    description:
      'The overlap is a day unless `overlap_s` says otherwise; the successor ends when the key would have, ' +
      'unless `expires_at` says otherwise.',
    example: { ...keyExample, key: 'tg_…' },
    errors: ['KEY_UNKNOWN', 'TIME_OUT_OF_RANGE'],
  },
  list: {
    summary: 'Server keys in force',
    auth: 'admin',
    status: 200,
    answer: ApiKeys,
    example: { items: [keyExample] },
  },
  revoke: {
    summary: 'Revokes a server key',
    auth: 'admin',
    status: 200,
    answer: RevokedKey,
    example: { ...keyExample, revoked_at: '2026-11-21T13:00:00.000Z' },
    errors: ['KEY_UNKNOWN'],
  },
} satisfies Record<string, Documentation>;
