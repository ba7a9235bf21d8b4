import type { Pool } from 'pg';

import type { ConsumptionStore } from '../app/consumption-queue.ts';

type Row = {
  id: string;
  user_id: string;
  tokens_used: bigint;
  operation_type: string;
  client_id: string | null;
  metadata: Record<string, unknown>;
  created_at: Date;
};

export function makeConsumptionStore(pool: Pool): ConsumptionStore {
  return {
    async waiting(limit) {
      const { rows } = await pool.query<Row>(
        `select id, user_id, tokens_used, operation_type, client_id, metadata, created_at from gateway.consumption_queue
          where appended_at is null and set_aside_at is null order by created_at, id limit $1`,
        [limit],
      );
      return rows.map((row) => ({
        id: row.id,
        userId: row.user_id,
        used: row.tokens_used,
        operationType: row.operation_type,
        clientId: row.client_id ?? undefined,
        metadata: row.metadata,
        recordedAt: row.created_at.toISOString(),
      }));
    },
    async appended(ids) {
      await pool.query(
        'update gateway.consumption_queue set appended_at = now() where id = any ($1::uuid[]) and appended_at is null',
        [ids],
      );
    },
    async setAside(id, reason) {
      await pool.query(
        'update gateway.consumption_queue set set_aside_at = now(), set_aside_reason = $2 where id = $1 and ' +
          'appended_at is null',
        [id, reason],
      );
    },
    async prune(beforeMs) {
      await pool.query('delete from gateway.consumption_queue where appended_at < $1', [new Date(beforeMs)]);
    },
  };
}
