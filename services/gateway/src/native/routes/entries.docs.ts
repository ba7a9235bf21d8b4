import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Booked, Entry, ExplainedEntry, Proof } from './answer-shapes.ts';
import { entryExample } from './examples.ts';

/** What OpenAPI says of these routes. */
export const docs = {
  read: {
    summary: 'One entry',
    auth: 'server key or owner',
    status: 200,
    answer: Entry,
    example: entryExample,
    errors: ['ENTRY_UNKNOWN'],
    description:
      'An entry as it was booked. A request that used several lots has one entry for each, in order: `ordinal` ' +
      '0, 1, …, with the same `source` and `request_id` and consecutive `seq`s in GET /v1/accounts/:id/entries. ' +
      "The request's answer names the first entry and shows the total amount and the final balance.",
  },
  explain: {
    summary: 'Explains the amount of an entry step by step; `result` is the signed amount',
    auth: 'server key or owner',
    status: 200,
    answer: ExplainedEntry,
    errors: ['ENTRY_UNKNOWN'],
    example: {
      entry: entryExample,
      rate: { card: 'default', version: 1, effective_from: '2000-01-01T00:00:00.000Z' },
      inputs: { input_tokens: '100', output_tokens: '400' },
      steps: [
        { step: 'output_tokens', formula: 'ceil(400 × 1 / 4)', result: '100' },
        { step: 'cost', formula: 'ceil(100 + 100 × 0 / 10000)', result: '100' },
        { step: 'amount', formula: '-100', result: '-100' },
      ],
      result: '-100',
    },
  },
  proof: {
    summary: 'Inclusion proof and seal of an entry, verifiable without trusting the platform',
    auth: 'server key or owner',
    status: 200,
    answer: Proof,
    errors: ['ENTRY_UNKNOWN', 'NOT_SEALED_YET'],
    example: {
      entry: '17-412',
      leaf: '{…}',
      leaf_hash: '9f…',
      leaf_index: 3,
      tree_size: 8,
      path: ['0a…', '77…', 'c4…'],
      seal: {
        partition: 17,
        number: '51',
        from_seq: '409',
        to_seq: '416',
        root: 'be…',
        previous: '13…',
        seal_hash: '6d…',
        sealed_at: '2026-11-21T12:00:00.400Z',
      },
    },
  },
  correct: {
    summary: 'Reverses all or part of an entry by another entry that refers to it',
    auth: 'admin',
    status: 201,
    once: true,
    answer: Booked,
    example: { entry: { ...entryExample, kind: 'corrected', amount: '1', corrects: '17-412' }, available: '1000' },
    errors: ['ENTRY_UNKNOWN', 'ENTRY_NOT_CORRECTABLE', 'AMOUNT_OUT_OF_RANGE'],
  },
} satisfies Record<string, Documentation>;
