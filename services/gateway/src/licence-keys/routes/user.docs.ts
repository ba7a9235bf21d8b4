import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Done, NewUserKey, Profile } from '../../people-and-keys/routes/answer-shapes.ts';
import { loginExample } from '../../people-and-keys/routes/examples.ts';
import { ChangedKey, TokenBalance } from './answer-shapes.ts';
import { keyExample } from './examples.ts';
import { tooManyUnknown } from './shapes.ts';

const surface = 'licence keys';

const unknownUser = [404, 'User not found'] as const;

const newKeyExample = { api_key: 'tgu_…', created_at: '2026-11-21T12:00:00.000Z' };

/** What OpenAPI says of these routes. */
export const docs = {
  profile: {
    summary: 'The user, with the API key that works wherever the login does',
    auth: 'user',
    status: 200,
    surface,
    answer: Profile,
    errors: [unknownUser],
    example: { success: true, data: { ...loginExample.data.user, api_key: 'tgu_…' } },
  },
  regenerateKey: {
    summary: 'Makes a new API key; the present one ends',
    auth: 'user',
    status: 200,
    surface,
    answer: NewUserKey,
    errors: [unknownUser],
    example: { success: true, message: 'API key regenerated', ...newKeyExample, data: newKeyExample },
  },
  revokeKey: {
    summary: 'Ends the API key; log-in and profile show null until another is made',
    auth: 'user',
    status: 200,
    surface,
    answer: Done,
    errors: [unknownUser],
    example: { success: true, message: 'API key revoked' },
  },
  balance: {
    summary: "What is left on the user's keys",
    auth: 'user',
    status: 200,
    surface,
    answer: TokenBalance,
    example: {
      success: true,
      data: {
        license_keys: [
          { id: keyExample.id, license_key: keyExample.license_key, token_balance: 100, status: 'active' },
        ],
        total_balance: 100,
      },
    },
  },
  assign: {
    summary: 'Takes a key that nobody owns',
    auth: 'user',
    status: 200,
    surface,
    answer: ChangedKey,
    example: { success: true, message: 'License key assigned successfully', data: { ...keyExample, user_id: '0b6c…' } },
    errors: [[404, 'License key not found'], [400, 'License key is already assigned'], tooManyUnknown],
  },
} satisfies Record<string, Documentation>;
