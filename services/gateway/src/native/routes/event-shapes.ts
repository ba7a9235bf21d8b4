import { z } from 'zod';

import { accountId } from '../../http-kit/account-shape.ts';
import { schemaOf } from '../../http-kit/openapi/answer-schemas.ts';
import { textOf } from '../../http-kit/text-shape.ts';
import { eventsMax } from '../app/events.ts';

/**
 * A CloudEvent 1.0 in JSON, for the OpenAPI document only: events are validated one by one in
 * native/domain/cloud-event.ts.
 */
const CloudEvent = z
  .object({
    specversion: z.literal('1.0'),
    id: z.string().min(1).max(255),
    source: z.string().min(1).max(512),
    type: z.string().min(1).max(255),
    subject: z.string().min(1).max(512),
    time: z.string().meta({ format: 'date-time' }).nullish(),
    datacontenttype: z.string().nullish(),
    data: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({
        description:
          'the quantities: of llm.tokens input_tokens and output_tokens, and further classes beside them; of ' +
          'request quantity (default 1); and model',
      }),
  })
  .meta({ id: 'CloudEvent' });

/** Events by their identity alone. */
/** With these, what an event says is compared with what is booked under its id. */
const content = {
  specversion: z.literal('1.0').optional(),
  type: textOf(255).optional(),
  time: textOf(64).optional(),
  data: z.record(z.string(), z.unknown()).optional(),
};
export const EventNames = z
  .object({
    events: z
      .array(z.object({ source: textOf(512), id: textOf(255), subject: accountId, ...content }))
      .min(1)
      .max(eventsMax),
  })
  .meta({ example: { events: [{ source: '/search', id: 'e-1', subject: 'acme/team-a' }] } });
export type EventNames = z.output<typeof EventNames>;

/** An invalid item of a batch is refused on its own. */
const anyEvent = z.unknown().meta({ description: 'a CloudEvent 1.0; what is none is refused by itself' });

const event = {
  specversion: '1.0',
  id: 'e-1',
  source: '/search',
  type: 'llm.tokens',
  subject: 'acme/team-a',
  time: '2026-11-21T12:00:00Z',
  data: { model: 'm-1', input_tokens: 100, output_tokens: 400 },
};

/** The three content modes of events. */
export const eventBody = {
  required: true,
  description:
    'one CloudEvent 1.0, a batch of 1 to 1,000, or the data of one whose attributes are ce- headers (binary mode)',
  content: {
    'application/cloudevents+json': { schema: schemaOf(CloudEvent), example: event },
    'application/cloudevents-batch+json': {
      schema: schemaOf(z.array(anyEvent).min(1).max(eventsMax)),
      example: [event],
    },
    'application/json': { schema: schemaOf(z.record(z.string(), z.unknown())), example: event.data },
  },
};
const attribute = (name: string, example: string) => ({
  name: `ce-${name}`,
  required: false,
  description: 'binary mode, percent-encoded',
  schema: { type: 'string' as const, example },
});
export const eventHeaders = [
  attribute('specversion', '1.0'),
  attribute('id', 'e-1'),
  attribute('source', '/search'),
  attribute('type', 'llm.tokens'),
  attribute('subject', 'acme%2Fteam-a'),
  attribute('time', '2026-11-21T12:00:00Z'),
];
