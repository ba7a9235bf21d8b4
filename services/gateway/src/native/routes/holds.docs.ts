import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { HoldChanged } from './answer-shapes.ts';
import { exhaustedUntil, holdExample } from './examples.ts';

const errors = ['HOLD_UNKNOWN', 'HOLD_ENDED', 'ALLOWANCE_EXHAUSTED', exhaustedUntil, 'AMOUNT_OUT_OF_RANGE'] as const;

/** What OpenAPI says of these routes. */
export const docs = {
  settle: {
    summary: 'Books what was used, an amount or rated usage; the rest of the hold goes back',
    auth: 'server key',
    status: 200,
    once: true,
    answer: HoldChanged,
    description:
      'Limits with a model bind what is settled by `usage` that names it: more than they leave is refused, and ' +
      'the hold stays.',
    example: holdExample,
    errors: [...errors, 'QUANTITY_UNKNOWN', 'QUANTITY_UNPRICED'],
  },
  extend: {
    summary: 'Adds to what is held',
    auth: 'server key',
    status: 200,
    once: true,
    answer: HoldChanged,
    example: { ...holdExample, status: 'open' },
    errors,
  },
  release: {
    summary: 'Gives all that is held back',
    auth: 'server key',
    status: 200,
    once: true,
    answer: HoldChanged,
    example: { ...holdExample, status: 'released' },
    errors,
  },
} satisfies Record<string, Documentation>;
