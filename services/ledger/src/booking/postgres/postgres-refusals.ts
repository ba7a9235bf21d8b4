import type { Pool } from 'pg';

import type { RefusalKeeper, RefusalToKeep } from '../refusal-log.ts';
import { insertRefusals, removeRefusalsBefore, trimRefusals } from './refusals.sql.ts';

/** `RefusalKeeper` on PostgreSQL. */
export class PostgresRefusals implements RefusalKeeper {
  readonly #pool: Pool;
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async insert(rows: readonly RefusalToKeep[]): Promise<void> {
    const values = [JSON.stringify(rows.map(toRow))];
    await this.#pool.query({ name: 'keep-refusals', text: insertRefusals, values });
  }

  async trim(
    accounts: readonly { readonly partition: number; readonly account: string }[],
    most: number,
  ): Promise<void> {
    const values = [accounts.map(({ partition }) => partition), accounts.map(({ account }) => account), most];
    await this.#pool.query({ name: 'trim-refusals', text: trimRefusals, values });
  }

  async removeBefore(ms: number): Promise<void> {
    for (const text of removeRefusalsBefore) await this.#pool.query(text, [new Date(ms)]);
  }
}

const toRow = ({ id, refusedMs, ...refusal }: RefusalToKeep) => ({
  ...refusal,
  request_id: id,
  refused_at: new Date(refusedMs).toISOString(),
});
