import type { Pool } from 'pg';

import type { CrossingRow } from '../../postgres/crossing-row.ts';
import { fromRowCrossing } from '../../postgres/crossing-row.ts';
import type { UsageReads } from '../reads.ts';
import { crossingsOfPeriod, periodHolding, usageOfPeriod } from './read-usage.sql.ts';

export class PostgresUsageReads implements UsageReads {
  readonly #pool: Pool;
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async usage({ partition, account, startMs }: Parameters<UsageReads['usage']>[0]): ReturnType<UsageReads['usage']> {
    const values = [partition, account, startMs];
    const {
      rows: [figure],
    } = await this.#pool.query<{ used: bigint | null }>({ name: 'usage-of-period', text: usageOfPeriod, values });
    const { rows } = await this.#pool.query<CrossingRow>({
      name: 'crossings-of-period',
      text: crossingsOfPeriod,
      values,
    });
    return { used: figure?.used ?? 0n, crossings: rows.map((row) => fromRowCrossing(account, row)) };
  }

  async periodHolding({
    partition,
    account,
    atMs,
  }: Parameters<UsageReads['periodHolding']>[0]): ReturnType<UsageReads['periodHolding']> {
    type Row = { period_start_ms: bigint; period_end_ms: bigint };
    const {
      rows: [row],
    } = await this.#pool.query<Row>({
      name: 'period-holding',
      text: periodHolding,
      values: [partition, account, atMs],
    });
    return row ? { startMs: Number(row.period_start_ms), endMs: Number(row.period_end_ms) } : null;
  }
}
