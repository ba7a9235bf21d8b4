import { fromWireTierCrossed } from '@tollgate/contracts';

import type { Crossing } from '../app/charge-ports.ts';

const changes = { TierCrossed: 'entered', TierBlockLeft: 'left', TierBlockRegained: 'regained' } as const;

/** The crossing in a message. @throws AppError('invalid', EVENT_MALFORMED): it is put aside as a dead letter. */
export function crossingIn(message: unknown): Crossing {
  const event = fromWireTierCrossed(message);
  return {
    change: changes[event.type],
    partition: event.partition,
    partitionSeq: BigInt(event.partition_seq),
    account: event.account,
    periodStartMs: Date.parse(event.period_start),
    periodEndMs: Date.parse(event.period_end),
    block: BigInt(event.block),
    plan: event.plan,
    billingTier: event.billing_tier,
    amountMinor: BigInt(event.amount_minor),
    currency: event.currency,
    entry: event.entry,
    recordedMs: event.recorded_at === undefined ? null : Date.parse(event.recorded_at),
  };
}
