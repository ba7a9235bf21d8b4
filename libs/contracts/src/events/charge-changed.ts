import { z } from 'zod';

import { decimal, fromWire, type Place, place, time, toWire } from './envelope.ts';

/** `billing.charges.v1`: something happened to a charge, or to a refund of it; with the charge as it is after it. */
export const ChargeChanged = z
  .object({
    ...place,
    type: z.string().describe('What happened, in the past tense: ChargeOpened, ChargeSucceeded, RefundProposed, …'),
    occurred_at: time,
    charge: z.object({
      id: z.uuid(),
      version: z.int().min(1),
      account: z.string(),
      user_id: z.string().nullable(),
      block: decimal,
      billing_tier: z.string(),
      period: z.object({ start: time, end: time }),
      amount_minor: decimal,
      currency: z.string(),
      status: z.enum(['pending', 'succeeded', 'requires_action', 'failed', 'cancelled']),
      payment_intent: z.string().nullable(),
    }),
    refund: z.object({ id: z.string(), amount_minor: decimal }).exactOptional(),
  })
  .meta({ description: 'Something happened to a charge, or to a refund of it; with the charge as it is after it.' });
export type ChargeChanged = z.output<typeof ChargeChanged>;
export type ChangedCharge = Omit<ChargeChanged, 'schemaVersion' | 'partition' | 'partition_seq'>;

export const toWireChargeChanged = (at: Place, change: ChangedCharge): string => toWire(at, change);
export const fromWireChargeChanged = (raw: unknown): ChargeChanged =>
  fromWire(ChargeChanged, raw, 'change of a charge');
