import type { Documentation } from '../../http-kit/openapi/documented.ts';
import {
  Deliveries,
  deliveryExample,
  Endpoint,
  endpointExample,
  Endpoints,
  MadeEndpoint,
  Replays,
  RotatedEndpoint,
  TestSent,
} from './webhook-shapes.ts';

/** What OpenAPI says of these routes. */
export const docs = {
  create: {
    summary: 'Registers a webhook endpoint; its secret is shown only in this answer',
    auth: 'admin',
    asks: 'billing',
    status: 201,
    answer: MadeEndpoint,
    example: { ...endpointExample, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
    errors: ['LIMIT_EXCEEDED'],
    description:
      'Each event that the endpoint subscribes to is sent by POST to its public https address (with ' +
      'ALLOW_PRIVATE_WEBHOOKS=1 also to private addresses, and by http on this machine), signed according to ' +
      'Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature). Delivery is at least once and ' +
      'unordered: ignore a webhook-id that you have seen. Any answer other than 2xx within 15 s is retried ten ' +
      'times over about three days; 410 disables the endpoint. balance.low needs balance_below. ' +
      'account.threshold reports that a share of a limit, an allowance or a balance (since its last top-up) is ' +
      'used or held: at each of thresholds, in percent (default 80 and 100), once per limit and period.',
  },
  list: {
    summary: 'Webhook endpoints',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: Endpoints,
    example: { items: [endpointExample] },
  },
  read: {
    summary: 'One webhook endpoint',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: Endpoint,
    example: endpointExample,
    errors: ['RESOURCE_UNKNOWN'],
  },
  change: {
    summary: 'Changes a webhook endpoint',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: Endpoint,
    example: { ...endpointExample, enabled: false },
    errors: ['RESOURCE_UNKNOWN'],
    description: 'While it is disabled, no new events are stored for it and pending ones wait.',
  },
  rotate: {
    summary: 'Rotates the secret of a webhook endpoint; it is shown only in this answer',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: RotatedEndpoint,
    example: {
      ...endpointExample,
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      secret_before_until: '2026-11-22T12:00:00.000Z',
    },
    errors: ['RESOURCE_UNKNOWN'],
    description:
      'Until secret_before_until (overlap_s: default a day, at most a week; 0: at once) webhook-signature ' +
      'contains a signature by each secret, separated by a space; afterwards by the new one only.',
  },
  test: {
    summary: 'Sends a webhook endpoint an event of type webhook.test',
    auth: 'admin',
    asks: 'billing',
    status: 202,
    answer: TestSent,
    example: { message_id: 'msg_test_0f4a1f2e-6f39-4a3e-8a55-6b7b6d7b1c10' },
    errors: ['RESOURCE_UNKNOWN'],
    description:
      'Sent regardless of its subscriptions; signed, retried and logged like every delivery. While the endpoint ' +
      'is disabled it waits.',
  },
  remove: {
    summary: 'Removes a webhook endpoint',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: Endpoint,
    example: { ...endpointExample, enabled: false },
    errors: ['RESOURCE_UNKNOWN'],
    description: 'Pending deliveries are dropped, and its secret is erased.',
  },
  deliveries: {
    summary: 'Deliveries to a webhook endpoint with its answers, newest first; kept 30 days',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: Deliveries,
    example: { items: [deliveryExample], next: null },
    errors: ['RESOURCE_UNKNOWN'],
  },
  replay: {
    summary: 'Repeats deliveries: one, or all since a time',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: Replays,
    example: { replayed: 3 },
    errors: ['RESOURCE_UNKNOWN'],
    description: 'With the webhook-id of the first time. Deliveries in progress are not affected.',
  },
} satisfies Record<string, Documentation>;
