import type { BookedEntry, TakenView, WebhookEventType } from '@tollgate/contracts';
import { uuidV5 } from '@tollgate/kernel';

/** One thing that happened, as subscribers are told; `id` is the same however often it is made. */
export type WebhookMessage = {
  readonly id: string;
  readonly type: WebhookEventType;
  /** The account it is about: endpoints may want some only. */
  readonly account: string;
  /** For `balance.low`: the endpoints whose bound was passed. */
  readonly passed?: (below: bigint) => boolean;
  /** For `account.threshold`: the percent that was reached. */
  readonly share?: number;
  readonly body: string;
};

/** A charge's event as the outbox holds it. */
export type PublishedChargeEvent = {
  readonly partition: number;
  readonly partitionSeq: bigint;
  readonly chargeId: string;
  readonly number: number;
  readonly type: string;
  readonly occurredMs: number;
  readonly account: string;
  readonly userId: string | null;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  readonly block: bigint;
  readonly billingTier: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly reason: string | null;
  /** The refund it is about; null: it is about the charge itself. */
  readonly refund: { readonly id: string; readonly amount_minor: string } | null;
};

/** Subscribers are not told of steps between the opening and the outcome. */
const chargeTypes: Readonly<Record<string, WebhookEventType>> = {
  ChargeOpened: 'charge.opened',
  ChargeSucceeded: 'charge.succeeded',
  ChargeDeclined: 'charge.failed',
  AttemptRejected: 'charge.failed',
  ActionRequired: 'charge.requires_action',
  ChargeCancelled: 'charge.cancelled',
  ChargeRevived: 'charge.revived',
  ChargeCredited: 'charge.credited',
  CreditTakenBack: 'charge.credit_reversed',
  ChargeReopened: 'charge.reopened',
  RefundProposed: 'refund.proposed',
  RefundApproved: 'refund.approved',
  RefundDeclined: 'refund.declined',
  RefundWithdrawn: 'refund.withdrawn',
  RefundSucceeded: 'refund.succeeded',
  RefundFailed: 'refund.failed',
};

export const isoOf = (ms: number): string => new Date(ms).toISOString();
export const bodyOf = (type: WebhookEventType, timestamp: string, data: object): string =>
  JSON.stringify({ type, timestamp, data });

/** What subscribers hear of a charge's event; null: nothing. */
export function chargeMessage(event: PublishedChargeEvent): WebhookMessage | null {
  const type = chargeTypes[event.type];
  if (type === undefined) return null;
  const data = {
    charge_id: event.chargeId,
    account: event.account,
    user_id: event.userId,
    period: { start: isoOf(event.periodStartMs), end: isoOf(event.periodEndMs) },
    block: String(event.block),
    billing_tier: event.billingTier,
    amount_minor: String(event.amountMinor),
    currency: event.currency,
    reason: event.reason,
    ...(event.refund === null ? {} : { refund: event.refund }),
  };
  return {
    id: `msg_charge_${event.chargeId}_${event.number}`,
    type,
    account: event.account,
    body: bodyOf(type, isoOf(event.occurredMs), data),
  };
}

/**
 * What subscribers hear of a committed entry: itself, the tier blocks it entered, that the balance fell, and that one
 * of `shares` (in percent) of a limit, allowance or balance is taken.
 */
export function entryMessages(
  { partition, partition_seq: seq, entry, crossings, taken = [] }: BookedEntry,
  shares: readonly number[],
): readonly WebhookMessage[] {
  const at = entry.recorded_at;
  const account = entry.account;
  const [after, amount] = [BigInt(entry.balance_after), BigInt(entry.amount)];
  const { kind, unit, balance_after: balance } = entry;
  return [
    { id: `msg_entry_${partition}_${seq}`, type: 'entry.booked', account, body: bodyOf('entry.booked', at, entry) },
    ...crossings.map((crossing): WebhookMessage => ({
      id: `msg_tier_${crossing.charge_id}`,
      type: 'tier.crossed',
      account,
      body: bodyOf('tier.crossed', at, { account, entry: entry.id, ...crossing }),
    })),
    ...(amount >= 0n
      ? []
      : [
          {
            id: `msg_balance_${partition}_${seq}`,
            type: 'balance.low' as const,
            account,
            // Told once, when the balance falls below the bound; not again while it stays below.
            passed: (below: bigint): boolean => after < below && after - amount >= below,
            body: bodyOf('balance.low', at, { account, entry: entry.id, kind, unit, balance }),
          },
        ]),
    ...taken.flatMap((part) =>
      shares.filter((share) => isReached(part, share)).map((share) => thresholdMessage(entry, part, share)),
    ),
  ];
}

const namespace = '0c0b6a54-9d2c-5f0e-8a57-3f1f6f1b6a2d';

function isReached({ whole, before, after }: TakenView, share: number): boolean {
  const bound = BigInt(whole) * BigInt(share);
  return BigInt(whole) > 0n && BigInt(before) * 100n < bound && BigInt(after) * 100n >= bound;
}

/** Once a period for limits and allowances; for a balance, each time that it falls so far after a top-up. */
function thresholdMessage(
  entry: BookedEntry['entry'],
  { of, whole, after, period_start: start, period, model }: TakenView,
  share: number,
): WebhookMessage {
  const { account, id, unit, held_after: held } = entry;
  const about = JSON.stringify([
    account,
    of,
    whole,
    start,
    period ?? null,
    model ?? null,
    of === 'balance' ? id : null,
  ]);
  const data = {
    account,
    entry: id,
    unit,
    of,
    share,
    whole,
    taken: after,
    held,
    period_start: start,
    ...(period === undefined ? {} : { period }),
    ...(model === undefined ? {} : { model }),
  };
  return {
    id: `msg_threshold_${uuidV5(namespace, about)}_${share}`,
    type: 'account.threshold',
    account,
    share,
    body: bodyOf('account.threshold', entry.recorded_at, data),
  };
}
