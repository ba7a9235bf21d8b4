import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { DeadLetters, Replayed } from './answer-shapes.ts';

const letterExample = {
  id: '17-812',
  partition: 17,
  offset: '812',
  reason: 'REQUEST_INVALID: the record is not JSON',
  key: 'acme',
  value: '{"v":1,"type":',
  recorded_at: '2026-11-21T12:00:00.000Z',
  cursor: '1795262400000-17-812',
};

/** What OpenAPI says of these routes. */
export const docs = {
  list: {
    summary: 'Records that could not be parsed, newest first',
    auth: 'admin',
    status: 200,
    answer: DeadLetters,
    description: "Next page: the last item's cursor as after. The value is cut at 10,000 characters.",
    example: { items: [letterExample], next: null },
  },
  replay: {
    summary: 'Appends a record to the log again',
    auth: 'admin',
    status: 201,
    answer: Replayed,
    example: { id: '17-812', partition: 17, offset: 905 },
    description:
      'May be repeated: its request is booked once. A record that still cannot be parsed becomes a dead letter again.',
    errors: ['DEAD_LETTER_UNKNOWN', 'LOG_UNAVAILABLE'],
  },
} satisfies Record<string, Documentation>;
