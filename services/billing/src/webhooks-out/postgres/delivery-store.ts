import type { DeliveryView } from '@tollgate/contracts';
import type { Pool } from 'pg';

import { orOutage } from '../../postgres/or-outage.ts';
import type { DeliveryStore, DueDelivery } from '../app/webhook-ports.ts';
import type { SecretBox } from '../sending/secret-box.ts';
import { claimDue, deliveriesPage, replayDeliveries, settleDelivery } from './webhooks.sql.ts';

/** `DeliveryStore` on PostgreSQL. */
export function deliveryStore(pool: Pool, box: SecretBox): DeliveryStore {
  return {
    deliveries: (query) => orOutage(() => deliveries(pool, query)),
    replay: ({ endpoint, delivery, since, status }, nowMs) =>
      orOutage(
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
    claim: async ({ nowMs, leaseMs, perEndpoint, limit, busy }) => {
      const values = [new Date(nowMs), new Date(nowMs + leaseMs), perEndpoint, limit, busy];
      const { rows } = await pool.query<
        Omit<DueDelivery, 'id' | 'secrets'> & { id: bigint; secret: string; secret_before: string | null }
      >(claimDue, values);
      return rows.map(({ secret, secret_before: before, ...row }) => {
        const current = box.open(secret, row.endpoint);
        const previous = before === null ? null : box.open(before, row.endpoint);
        // If the current secret cannot be opened, nothing is signed: the subscriber may know no other.
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
  };
}

async function deliveries(
  pool: Pool,
  query: Parameters<DeliveryStore['deliveries']>[0],
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
