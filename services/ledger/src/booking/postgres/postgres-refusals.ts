import type { Pool } from 'pg';

import type { RefusalKeeper } from '../refusal-log.ts';
import { insertRefusals, removeRefusalsBefore, trimRefusals } from './refusals.sql.ts';

/** `RefusalKeeper` on PostgreSQL. */
export const postgresRefusals = (pool: Pool): RefusalKeeper => ({
  insert: async (rows) => {
    await pool.query({
      name: 'keep-refusals',
      text: insertRefusals,
      values: [
        JSON.stringify(
          rows.map(({ partition, account, source, id, type, code, detail, bound, correlation, refusedMs, count }) => ({
            partition,
            account,
            source,
            request_id: id,
            type,
            code,
            detail,
            bound,
            correlation,
            refused_at: new Date(refusedMs).toISOString(),
            count,
          })),
        ),
      ],
    });
  },
  trim: async (accounts, most) => {
    await pool.query({
      name: 'trim-refusals',
      text: trimRefusals,
      values: [accounts.map(({ partition }) => partition), accounts.map(({ account }) => account), most],
    });
  },
  removeBefore: async (ms) =>
    void (await pool.query({ name: 'old-refusals', text: removeRefusalsBefore, values: [new Date(ms)] })),
});
