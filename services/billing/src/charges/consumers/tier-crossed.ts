import { AppError } from '@tollgate/kernel';
import { z } from 'zod';

import type { Crossing } from '../app/charge-ports.ts';

const decimal = z.string().regex(/^[0-9]{1,18}$/);
const time = z.iso.datetime({ offset: true });
const TierCrossed = z.object({
  schemaVersion: z.literal(1),
  type: z.enum(['TierCrossed', 'TierBlockLeft', 'TierBlockRegained']),
  partition: z.int().min(0),
  partition_seq: decimal,
  account: z.string().min(1),
  period_start: time,
  period_end: time,
  block: decimal,
  plan: z.string(),
  billing_tier: z.string(),
  amount_minor: decimal,
  currency: z.string(),
  entry: z.string(),
  recorded_at: time.optional(),
});

const changes = { TierCrossed: 'entered', TierBlockLeft: 'left', TierBlockRegained: 'regained' } as const;

/** @throws AppError('invalid', EVENT_MALFORMED) when it is no crossing: it is put aside as a dead letter. */
export function fromWireTierCrossed(raw: unknown): Crossing {
  const parsed = TierCrossed.safeParse(raw);
  if (!parsed.success)
    throw new AppError(
      'invalid',
      'EVENT_MALFORMED',
      `this is no tier crossing: ${parsed.error.issues[0]?.path.join('.') ?? ''}`,
    );
  const { data } = parsed;
  return {
    change: changes[data.type],
    partition: data.partition,
    partitionSeq: BigInt(data.partition_seq),
    account: data.account,
    periodStartMs: Date.parse(data.period_start),
    periodEndMs: Date.parse(data.period_end),
    block: BigInt(data.block),
    plan: data.plan,
    billingTier: data.billing_tier,
    amountMinor: BigInt(data.amount_minor),
    currency: data.currency,
    entry: data.entry,
    recordedMs: data.recorded_at === undefined ? null : Date.parse(data.recorded_at),
  };
}
