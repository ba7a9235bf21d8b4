import type { DeliveryView, EndpointView, WebhookEventType } from '@tollgate/contracts';
import { withTransaction } from '@tollgate/persistence';
import type { Pool, PoolClient } from 'pg';

import { guarded } from '../../postgres/guarded.ts';
import type { ChargeEvents, DueDelivery, Positions, WebhookStore } from '../app/webhook-ports.ts';
import type { PublishedChargeEvent } from '../domain/webhook-message.ts';
import type { SecretBox } from '../sending/secret-box.ts';
import { tellSubscribers } from './tell-subscribers.ts';
import {
  changeEndpoint,
  chargeEventsAfter,
  chargeHeads,
  claimDue,
  deliveriesPage,
  disableEndpoint,
  endPending,
  forgetFeeds,
  insertEndpoint,
  insertFeed,
  listEndpoints,
  lockFeed,
  moveFeed,
  pruneMessages,
  readEndpoint,
  removeEndpoint,
  replayDeliveries,
  rotateSecret,
  settleDelivery,
  tellOne,
} from './webhooks.sql.ts';

type EndpointRow = {
  readonly id: string;
  readonly url: string;
  readonly events: readonly WebhookEventType[];
  readonly account_prefix: string | null;
  readonly balance_below: bigint | null;
  readonly thresholds: readonly number[];
  readonly description: string | null;
  readonly enabled: boolean;
  readonly disabled_reason: string | null;
  readonly created_at: Date;
};

/** `WebhookStore` on PostgreSQL; secrets are kept sealed by `box`. Loss of the database is AppError('unavailable'). */
export function webhookStore(pool: Pool, box: SecretBox): WebhookStore {
  const one = async (sql: string, values: readonly unknown[]): Promise<EndpointView | null> => {
    const {
      rows: [row],
    } = await pool.query<EndpointRow>(sql, [...values]);
    return row ? fromRowEndpoint(row) : null;
  };
  return {
    create: (endpoint, heads) =>
      guarded(() =>
        withTransaction(pool, async (tx) => {
          const {
            id,
            url,
            events,
            account_prefix: prefix,
            balance_below: below,
            description,
            enabled,
            secret,
            created_at: createdAt,
            thresholds,
          } = endpoint;
          const {
            rows: [charges],
          } = await tx.query<{ heads: Positions }>(chargeHeads);
          await tx.query(insertFeed, ['charges', JSON.stringify(charges?.heads ?? {})]);
          await tx.query(insertFeed, ['entries', JSON.stringify(heads)]);
          await tx.query(insertEndpoint, [
            id,
            url,
            events,
            prefix,
            below,
            description,
            enabled,
            box.seal(secret, id),
            createdAt,
            thresholds,
          ]);
        }),
      ),
    list: () => guarded(async () => (await pool.query<EndpointRow>(listEndpoints)).rows.map(fromRowEndpoint)),
    read: (id) => guarded(() => one(readEndpoint, [id])),
    change: (id, fields) => guarded(() => one(changeEndpoint, [id, JSON.stringify(fields)])),
    remove: (id, nowMs) =>
      guarded(() =>
        withTransaction(pool, async (tx) => {
          const {
            rows: [row],
          } = await tx.query<EndpointRow>(removeEndpoint, [id, new Date(nowMs)]);
          if (!row) return null;
          await tx.query(endPending, [id]);
          await tx.query(forgetFeeds);
          return fromRowEndpoint(row);
        }),
      ),
    rotate: (id, secret, untilMs) => guarded(() => one(rotateSecret, [id, box.seal(secret, id), new Date(untilMs)])),
    tell: (endpoint, { id, type, body }, nowMs) =>
      guarded(async () => ((await pool.query(tellOne, [endpoint, id, type, body, new Date(nowMs)])).rowCount ?? 0) > 0),
    disable: async (id, reason) => void (await pool.query(disableEndpoint, [id, reason])),
    deliveries: (query) => guarded(() => deliveries(pool, query)),
    replay: ({ endpoint, delivery, since, status }, nowMs) =>
      guarded(
        async () =>
          (
            await pool.query(replayDeliveries, [
              endpoint,
              delivery ?? null,
              since ?? null,
              status ?? null,
              new Date(nowMs),
            ])
          ).rowCount ?? 0,
      ),
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
    claim: async ({ nowMs, leaseMs, perEndpoint, limit, busy }) => {
      const values = [new Date(nowMs), new Date(nowMs + leaseMs), perEndpoint, limit, busy];
      const { rows } = await pool.query<
        Omit<DueDelivery, 'id' | 'secrets'> & { id: bigint; secret: string; secret_before: string | null }
      >(claimDue, values);
      return rows.map(({ secret, secret_before: before, ...row }) => {
        const current = box.open(secret, row.endpoint);
        const previous = before === null ? null : box.open(before, row.endpoint);
        // Without the present one nothing is signed: the subscriber may know no other.
        return {
          ...row,
          id: String(row.id),
          secrets: current === null ? [] : previous === null ? [current] : [current, previous],
        };
      });
    },
    settle: async ({ id, attempts }, { startedMs, statusCode, error, durationMs }, { status, nextTryMs }) => {
      const nextTry = nextTryMs === null ? null : new Date(nextTryMs);
      await pool.query(settleDelivery, [
        id,
        attempts,
        new Date(startedMs),
        statusCode,
        error,
        durationMs,
        status,
        nextTry,
      ]);
    },
    prune: async (beforeMs) => void (await pool.query(pruneMessages, [new Date(beforeMs)])),
  };
}

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

async function deliveries(
  pool: Pool,
  query: Parameters<WebhookStore['deliveries']>[0],
): Promise<readonly DeliveryView[]> {
  type Log = { at: string; status_code: number | null; error: string | null; duration_ms: number };
  type Row = {
    id: bigint;
    message: string;
    type: string;
    payload: string;
    status: DeliveryView['status'];
    attempts: number;
    next_try_at: Date | null;
    created_at: Date;
    log: readonly Log[];
  };
  const { rows } = await pool.query<Row>(deliveriesPage, [
    query.endpoint,
    query.status ?? null,
    query.after ?? null,
    query.limit,
  ]);
  return rows.map((row) => ({
    id: String(row.id),
    message_id: row.message,
    type: row.type,
    status: row.status,
    attempts: row.attempts,
    next_try_at: row.next_try_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    log: row.log.map((attempt) => ({ ...attempt, at: new Date(attempt.at).toISOString() })),
    payload: JSON.parse(row.payload) as unknown,
  }));
}

const fromRowEndpoint = ({ balance_below: below, created_at: createdAt, ...row }: EndpointRow): EndpointView => ({
  ...row,
  balance_below: below === null ? null : String(below),
  created_at: createdAt.toISOString(),
});
