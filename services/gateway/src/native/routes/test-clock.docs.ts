import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Now } from './answer-shapes.ts';

const example = { now: '2026-12-21T12:00:00.000Z' };

/** What OpenAPI says of these routes. */
export const docs = {
  now: {
    summary: 'The time of the platform (TEST_CLOCK=1 only)',
    auth: 'server key',
    status: 200,
    answer: Now,
    example,
    errors: ['ROUTE_UNKNOWN'],
  },
  advance: {
    summary: 'Advances the time; answers when everything that became due is booked',
    auth: 'server key',
    status: 200,
    answer: Now,
    example,
    errors: ['ROUTE_UNKNOWN', 'LEDGER_UNAVAILABLE'],
  },
} satisfies Record<string, Documentation>;
