import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { EventsAccepted, EventsBooked, KnownEvents, RefusedEvents } from './answer-shapes.ts';
import { eventBody } from './event-shapes.ts';
import { entryExample } from './examples.ts';

const bookedEvents = {
  status: 200,
  description: 'with ?wait=booked',
  answer: EventsBooked,
  example: { results: [{ id: 'e-1', status: 'booked', entry: entryExample }] },
};

const partlyAccepted = {
  status: 207,
  description: 'some events of the batch were refused',
  answer: EventsAccepted,
  example: {
    accepted: 1,
    receipts: [{ id: 'e-1', partition: 17, offset: 812 }],
    rejected: [
      {
        index: 1,
        id: 'e-2',
        code: 'EVENT_MALFORMED',
        detail: 'data: quantity is 0.5: it must be a whole number from 0',
      },
    ],
  },
};

/** What OpenAPI says of these routes. */
export const docs = {
  accept: {
    summary: 'Accepts usage as CloudEvents',
    body: eventBody,
    auth: 'server key',
    status: 202,
    answer: EventsAccepted,
    description:
      '202 once the log holds them; ?wait=booked answers 200 {results:[{id, status, entry?, problem?}]} in order. ' +
      '207 when some events of a batch were refused.',
    example: { accepted: 1, receipts: [{ id: 'e-1', partition: 17, offset: 812 }], rejected: [] },
    also: [bookedEvents, partlyAccepted],
    errors: [
      'EVENT_MALFORMED',
      'QUANTITY_UNKNOWN',
      'TIME_OUT_OF_RANGE',
      'BODY_TOO_LARGE',
      'MEDIA_TYPE_UNSUPPORTED',
      'LOG_UNAVAILABLE',
    ],
  },
  known: {
    summary: 'Which of up to 1,000 events are booked',
    auth: 'server key',
    status: 200,
    answer: KnownEvents,
    example: { known: [true], reused: [false] },
    description:
      'One result per event, in order. An event that is `known` gets its first answer when it is sent again. For ' +
      'one that was sent whole, with its ' +
      'specversion, type and data, `reused` says that its id is booked with other content: it would be refused.',
    errors: ['SCOPE_MISSING'],
  },
  refused: {
    summary: 'Events that were refused when booked, newest first; kept 30 days',
    auth: 'server key',
    status: 200,
    answer: RefusedEvents,
    example: {
      items: [
        {
          account: 'acme',
          source: 'ce:/search',
          id: 'e-1',
          type: 'spend',
          code: 'ACCOUNT_UNKNOWN',
          detail: 'there is no such account',
          refused_at: '2026-11-21T12:00:00.000Z',
          cursor: '17-3',
        },
      ],
      next: null,
    },
  },
} satisfies Record<string, Documentation>;
