import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Done } from '../../people-and-keys/routes/answer-shapes.ts';
import { ChangedKey, KeyPage, ManyKeys, OneKey } from './answer-shapes.ts';
import { keyExample } from './examples.ts';

const surface = 'licence keys';

const unknownKey = [404, 'License key not found'] as const;

/** What OpenAPI says of these routes. */
export const docs = {
  create: {
    summary: 'Makes a key',
    auth: 'admin',
    status: 201,
    surface,
    answer: ChangedKey,
    errors: [[400, 'License key already exists']],
    example: { success: true, message: 'License key created successfully', data: keyExample },
  },
  createMany: {
    summary: 'Makes up to 100 keys',
    auth: 'admin',
    status: 201,
    surface,
    answer: ManyKeys,
    example: {
      success: true,
      message: '1 license keys created successfully',
      data: { license_keys: [keyExample], count: 1 },
    },
  },
  list: {
    summary: 'All keys, newest first',
    auth: 'admin',
    status: 200,
    surface,
    answer: KeyPage,
    example: { success: true, data: { items: [keyExample], pagination: { page: 1, limit: 20, total: 1 } } },
  },
  read: {
    summary: 'One key',
    auth: 'admin',
    status: 200,
    surface,
    answer: OneKey,
    example: { success: true, data: keyExample },
    errors: [unknownKey],
  },
  remove: {
    summary: 'Empties a key and removes it; its history stays',
    auth: 'admin',
    status: 200,
    surface,
    answer: Done,
    errors: [unknownKey],
    example: { success: true, message: 'License key deleted successfully' },
  },
  trial: {
    summary: 'Starts a trial: sets balance and end',
    auth: 'admin',
    status: 200,
    surface,
    answer: ChangedKey,
    errors: [unknownKey],
    example: {
      success: true,
      message: 'Trial started successfully',
      data: { ...keyExample, status: 'trial', trial_end: '2026-12-05T12:00:00.000Z' },
    },
  },
  add: {
    summary: 'Adds tokens: an inactive key becomes active, a running trial stays one',
    auth: 'admin',
    status: 200,
    once: true,
    surface,
    answer: ChangedKey,
    example: { success: true, message: 'Tokens added successfully', data: keyExample },
    errors: [unknownKey],
  },
  unassign: {
    summary: 'Takes a key from its owner: empties it and makes it inactive',
    auth: 'admin',
    status: 200,
    surface,
    answer: ChangedKey,
    errors: [unknownKey],
    example: {
      success: true,
      message: 'License key unassigned successfully',
      data: { ...keyExample, token_balance: 0, status: 'inactive' },
    },
  },
} satisfies Record<string, Documentation>;
