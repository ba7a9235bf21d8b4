import { webhookEventTypes, webhookTestType } from '@tollgate/contracts';
import { z } from 'zod';

import { instant } from '../../http-kit/instant-shape.ts';
import { itemsUpTo } from '../../http-kit/paging.ts';
import { textOf } from '../../http-kit/text-shape.ts';

const fields = {
  events: z.array(z.enum(webhookEventTypes)).min(1).max(webhookEventTypes.length),
  account_prefix: textOf(300).nullable(),
  balance_below: z
    .string()
    .regex(/^(0|[1-9][0-9]{0,18})$/, 'must be a decimal string of an integer from 0 to 2^63-1')
    .nullable(),
  thresholds: z.array(z.int().min(1).max(100)).min(1).max(20),
  description: textOf(500).nullable(),
  enabled: z.boolean(),
};
const optional = z.object(fields).partial().shape;

export const NewEndpoint = z.object({ url: textOf(2_048), ...optional }).meta({
  example: {
    url: 'https://billing.example.com/hooks/tollgate',
    events: ['charge.succeeded', 'charge.failed', 'balance.low'],
    balance_below: '1000',
  },
});
export type NewEndpoint = z.output<typeof NewEndpoint>;
export const ChangedEndpoint = z
  .object({ url: textOf(2_048).optional(), ...optional })
  .meta({ example: { enabled: false } });
export type ChangedEndpoint = z.output<typeof ChangedEndpoint>;

const statuses = z.enum(['pending', 'delivered', 'failed']);
export const DeliveriesQuery = z.object({
  status: statuses.optional(),
  after: z
    .string()
    .regex(/^[0-9]{1,15}$/, 'must be the id of a delivery')
    .optional(),
  limit: itemsUpTo(100, 20),
});
export type DeliveriesQuery = z.output<typeof DeliveriesQuery>;
export const Replay = z
  .object({
    delivery: z
      .string()
      .regex(/^[0-9]{1,15}$/, 'must be the id of a delivery')
      .optional(),
    since: instant.optional(),
    status: statuses.optional(),
  })
  .meta({ example: { since: '2026-11-21T00:00:00Z', status: 'failed' } });
export type Replay = z.output<typeof Replay>;

const time = z.iso.datetime();
export const Endpoint = z
  .object({
    id: z.uuid(),
    url: z.string(),
    ...fields,
    disabled_reason: z.string().nullable(),
    created_at: time,
  })
  .meta({ id: 'WebhookEndpoint' });
export const MadeEndpoint = z.object({ ...Endpoint.shape, secret: z.string() }).meta({ id: 'NewWebhookEndpoint' });
export const Rotation = z
  .object({ overlap_s: z.int().min(0).max(604_800).optional() })
  .meta({ example: { overlap_s: 3600 } });
export type Rotation = z.output<typeof Rotation>;
export const RotatedEndpoint = z
  .object({ ...MadeEndpoint.shape, secret_before_until: time })
  .meta({ id: 'RotatedWebhookEndpoint' });
export const TestSent = z.object({ message_id: z.string() });
export const Endpoints = z.object({ items: z.array(Endpoint) });
export const Deliveries = z
  .object({
    items: z.array(
      z.object({
        id: z.string(),
        message_id: z.string(),
        type: z.enum([...webhookEventTypes, webhookTestType]),
        status: statuses,
        attempts: z.int(),
        next_try_at: time.nullable(),
        created_at: time,
        log: z.array(
          z.object({ at: time, status_code: z.int().nullable(), error: z.string().nullable(), duration_ms: z.int() }),
        ),
        payload: z.unknown(),
      }),
    ),
    next: z.string().nullable(),
  })
  .meta({ id: 'WebhookDeliveries' });
export const Replays = z.object({ replayed: z.int() });

export const endpointExample = {
  id: '0f4a1f2e-6f39-4a3e-8a55-6b7b6d7b1c10',
  url: 'https://billing.example.com/hooks/tollgate',
  events: ['charge.succeeded', 'charge.failed'],
  account_prefix: null,
  balance_below: null,
  thresholds: [80, 100],
  description: null,
  enabled: true,
  disabled_reason: null,
  created_at: '2026-11-21T12:00:00.000Z',
};
export const deliveryExample = {
  id: '17',
  message_id: 'msg_charge_4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7_3',
  type: 'charge.succeeded',
  status: 'delivered',
  attempts: 1,
  next_try_at: null,
  created_at: '2026-11-21T12:00:00.000Z',
  log: [{ at: '2026-11-21T12:00:00.100Z', status_code: 204, error: null, duration_ms: 31 }],
  payload: {
    type: 'charge.succeeded',
    timestamp: '2026-11-21T12:00:00.000Z',
    data: {
      charge_id: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
      account: 'metered:user-1',
      user_id: 'user-1',
      period: { start: '2026-11-01T00:00:00.000Z', end: '2026-12-01T00:00:00.000Z' },
      block: '1',
      billing_tier: '8M-16M',
      amount_minor: '10000',
      currency: 'BRL',
      reason: null,
    },
  },
};
