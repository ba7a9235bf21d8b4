import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { WebhookTaken } from './answer-shapes.ts';

const eventExample = {
  id: 'evt_1',
  object: 'event',
  type: 'payment_intent.succeeded',
  created: 1_795_262_400,
  data: { object: { id: 'pi_1', object: 'payment_intent' } },
};

/** What OpenAPI says of these routes. */
export const docs = {
  stripe: {
    summary: 'Receives an event of Stripe. Each is stored once; unknown types are stored and ignored',
    auth: 'none',
    status: 200,
    surface: 'tier billing',
    answer: WebhookTaken,
    errors: ['SIGNATURE_INVALID'],
    example: { received: true, duplicate: false },
    body: {
      required: true,
      description: 'The event as Stripe signed it',
      content: { 'application/json': { schema: { type: 'object' }, example: eventExample } },
    },
  },
} satisfies Record<string, Documentation>;
