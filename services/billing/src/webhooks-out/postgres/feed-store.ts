import { withTransaction } from '@tollgate/persistence';
import type { Pool, PoolClient } from 'pg';

import type { ChargeEvents, FeedStore, Positions } from '../app/webhook-ports.ts';
import type { PublishedChargeEvent } from '../domain/webhook-message.ts';
import { tellSubscribers } from './tell-subscribers.ts';
import { chargeEventsAfter, lockFeed, moveFeed, pruneMessages } from './webhooks.sql.ts';

/** `FeedStore` on PostgreSQL. */
export const feedStore = (pool: Pool): FeedStore => ({
  feed: (feed, readOn, nowMs) =>
    withTransaction(pool, async (tx) => {
      const {
        rows: [place],
      } = await tx.query<{ positions: Positions }>(lockFeed, [feed]);
      if (!place) return null;
      const { messages, to } = await readOn(place.positions, chargeEvents(tx));
      await tellSubscribers(tx, messages, nowMs);
      await tx.query(moveFeed, [feed, JSON.stringify(to)]);
      return messages.length;
    }),
  prune: async (beforeMs) => void (await pool.query(pruneMessages, [new Date(beforeMs)])),
});

type ChargeEventData = {
  readonly reason?: string;
  readonly code?: string;
  readonly refund?: { readonly id: string; readonly amount_minor: string };
};

const chargeEvents =
  (tx: PoolClient): ChargeEvents =>
  async (from, limit) => {
    type Row = {
      partition: number;
      partition_seq: bigint;
      charge_id: string;
      number: number;
      type: string;
      data: ChargeEventData;
      occurred_at: Date;
      account: string;
      user_id: string | null;
      period_start: Date;
      period_end: Date;
      block: bigint;
      billing_tier: string;
      amount_minor: bigint;
      currency: string;
    };
    const { rows } = await tx.query<Row>(chargeEventsAfter, [JSON.stringify(from), limit]);
    return rows.map((row): PublishedChargeEvent => ({
      partition: row.partition,
      partitionSeq: row.partition_seq,
      chargeId: row.charge_id,
      number: row.number,
      type: row.type,
      occurredMs: row.occurred_at.getTime(),
      account: row.account,
      userId: row.user_id,
      periodStartMs: row.period_start.getTime(),
      periodEndMs: row.period_end.getTime(),
      block: row.block,
      billingTier: row.billing_tier,
      amountMinor: row.amount_minor,
      currency: row.currency,
      reason: row.data.reason ?? row.data.code ?? null,
      refund: row.data.refund ?? null,
    }));
  };
