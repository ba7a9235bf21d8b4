import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Account } from './answer-shapes.ts';
import { accountExample } from './examples.ts';

/** What OpenAPI says of these routes. */
export const docs = {
  open: {
    summary: 'Opens an account; repeated with the same members it answers 200',
    auth: 'server key',
    status: 201,
    once: true,
    answer: Account,
    example: accountExample,
    description:
      'If the account exists, the given members are compared: another owner or setting is 409 ' +
      'ACCOUNT_SETTINGS_CONFLICT and changes nothing. A limit on an account with accounts below it needs the ' +
      'scope admin.',
    also: [
      { status: 200, description: 'the account existed with these members', answer: Account, example: accountExample },
    ],
    errors: [
      'ACCOUNT_KIND_CONFLICT',
      'ACCOUNT_SETTINGS_CONFLICT',
      'ACCOUNT_ID_RESERVED',
      'UNIT_CONFLICT',
      'ACCOUNT_SUSPENDED',
      'ACCOUNT_CLOSED',
      'AMOUNT_OUT_OF_RANGE',
    ],
  },
  change: {
    summary: 'Changes settings, owner or status of an account',
    auth: 'server key',
    status: 200,
    once: true,
    answer: Account,
    example: accountExample,
    description:
      'Books one entry, which applies from then on. Settings are merged, null removes one. Period, time zone ' +
      'and plan change at the end of the current period, everything else at once. status: suspended refuses ' +
      'spends, holds and extensions of the account and those below it, while settle, release, grants and timers ' +
      'still work; closed needs balance 0, or "forfeit": true, and refuses grants too; active ends either.',
    errors: ['ACCOUNT_UNKNOWN', 'ACCOUNT_ID_RESERVED', 'ACCOUNT_NOT_EMPTY', 'AMOUNT_OUT_OF_RANGE', 'ACCOUNT_FROZEN'],
  },
} satisfies Record<string, Documentation>;
