import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { HoldChanged } from './answer-shapes.ts';
import { exhaustedUntil, holdExample } from './examples.ts';

const errors = ['HOLD_UNKNOWN', 'HOLD_ENDED', 'ALLOWANCE_EXHAUSTED', exhaustedUntil, 'AMOUNT_OUT_OF_RANGE'] as const;

/** What OpenAPI says of these routes. */
export const docs = {
  settle: {
    summary: 'Books what was used (an amount, or usage that is rated) and releases the rest of the hold',
    auth: 'server key',
    status: 200,
    once: true,
    answer: HoldChanged,
    description:
      'Limits for a model apply to a settlement by `usage` of that model: if it exceeds them, it is refused and ' +
      'the hold stays open.',
    example: holdExample,
    errors: [...errors, 'QUANTITY_UNKNOWN', 'QUANTITY_UNPRICED'],
  },
  extend: {
    summary: 'Increases a hold',
    auth: 'server key',
    status: 200,
    once: true,
    answer: HoldChanged,
    example: { ...holdExample, status: 'open' },
    errors,
  },
  release: {
    summary: 'Releases a hold completely',
    auth: 'server key',
    status: 200,
    once: true,
    answer: HoldChanged,
    example: { ...holdExample, status: 'released' },
    errors,
  },
} satisfies Record<string, Documentation>;
