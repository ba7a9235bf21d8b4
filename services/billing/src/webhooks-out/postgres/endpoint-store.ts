import type { EndpointView, WebhookEventType } from '@tollgate/contracts';
import { withTransaction } from '@tollgate/persistence';
import type { Pool } from 'pg';

import { guarded } from '../../postgres/guarded.ts';
import type { EndpointStore, Positions } from '../app/webhook-ports.ts';
import type { SecretBox } from '../sending/secret-box.ts';
import {
  changeEndpoint,
  chargeHeads,
  disableEndpoint,
  endPending,
  forgetFeeds,
  insertEndpoint,
  insertFeed,
  listEndpoints,
  readEndpoint,
  removeEndpoint,
  rotateSecret,
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

/** `EndpointStore` on PostgreSQL; secrets are kept sealed by `box`. */
export function endpointStore(pool: Pool, box: SecretBox): EndpointStore {
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
  };
}

const fromRowEndpoint = ({ balance_below: below, created_at: createdAt, ...row }: EndpointRow): EndpointView => ({
  ...row,
  balance_below: below === null ? null : String(below),
  created_at: createdAt.toISOString(),
});
