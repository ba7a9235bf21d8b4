import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Account, Booked, Entries, HoldOpened } from './answer-shapes.ts';
import { accountExample, entryExample, exhaustedUntil } from './examples.ts';

/** What OpenAPI says of these routes. */
export const docs = {
  read: {
    summary: 'An account now or at an earlier time',
    auth: 'server key or owner',
    status: 200,
    answer: Account,
    example: accountExample,
    errors: ['ACCOUNT_UNKNOWN'],
  },
  entries: {
    summary: 'Entries of an account, newest first',
    auth: 'server key or owner',
    status: 200,
    answer: Entries,
    description:
      '`from` and `to` bound recorded_at, when an entry was booked; occurred_at says when it happened. A report ' +
      'goes by the latter.',
    example: { items: [entryExample], next: null },
    errors: ['ACCOUNT_UNKNOWN'],
  },
  grant: {
    summary: 'Adds units to an account, as a new lot',
    description:
      'Purchased units (`"kind": "purchased"`) are neither removed nor counted by tier changes of a credits ' +
      'account, and are used after others unless priority says otherwise.',
    auth: 'server key',
    status: 201,
    once: true,
    answer: Booked,
    example: { entry: { ...entryExample, kind: 'granted', amount: '1000' }, available: '1000' },
    errors: ['ACCOUNT_UNKNOWN', 'ACCOUNT_CLOSED', 'AMOUNT_OUT_OF_RANGE', 'TIME_OUT_OF_RANGE'],
  },
  spend: {
    summary: 'Spends units, or the rated cost of usage: checked and booked in one decision',
    auth: 'server key',
    status: 200,
    once: true,
    answer: Booked,
    example: { entry: entryExample, available: '999' },
    errors: [
      'ACCOUNT_UNKNOWN',
      'ACCOUNT_INACTIVE',
      'ACCOUNT_SUSPENDED',
      'ACCOUNT_CLOSED',
      'UNIT_CONFLICT',
      'ALLOWANCE_EXHAUSTED',
      exhaustedUntil,
      'LIMIT_EXCEEDED',
      'AMOUNT_OUT_OF_RANGE',
      'QUANTITY_UNKNOWN',
      'QUANTITY_UNPRICED',
    ],
  },
  hold: {
    summary: 'Reserves units until they are settled, released or expire',
    auth: 'server key',
    status: 201,
    once: true,
    answer: HoldOpened,
    example: { hold_id: 'h-17-4-9', amount: '50', expires_at: '2026-11-21T12:10:00.000Z', available: '949' },
    errors: [
      'ACCOUNT_UNKNOWN',
      'ACCOUNT_INACTIVE',
      'ACCOUNT_SUSPENDED',
      'ACCOUNT_CLOSED',
      'UNIT_CONFLICT',
      'ALLOWANCE_EXHAUSTED',
      exhaustedUntil,
      'HOLD_UNKNOWN',
      'HOLD_ENDED',
      'AMOUNT_OUT_OF_RANGE',
    ],
  },
} satisfies Record<string, Documentation>;
