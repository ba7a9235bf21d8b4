import type { Pool } from 'pg';

import type { DetailsOf, DetailsStore } from '../erasing.ts';
import { accountsOf, eraseDetails, nextOffset } from './details.sql.ts';

/** `DetailsStore` on PostgreSQL: the trigger on the table refuses every change but this one. */
export class PostgresDetails implements DetailsStore {
  readonly #pool: Pool;
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async accounts({ ids, owner }: Parameters<DetailsStore['accounts']>[0]): Promise<readonly DetailsOf[]> {
    return (await this.#pool.query<DetailsOf>(accountsOf, [ids, owner])).rows;
  }

  async erase(
    { partition, ref, owner }: DetailsOf,
    { afterSeq, limit }: { readonly afterSeq: number; readonly limit: number },
  ): ReturnType<DetailsStore['erase']> {
    const values = [partition, ref, afterSeq, limit, owner];
    const { rows } = await this.#pool.query<{ partition_seq: bigint; erased: bigint }>(eraseDetails, values);
    return { seqs: rows.map((row) => Number(row.partition_seq)), erased: Number(rows[0]?.erased ?? 0n) };
  }

  async nextOffset(partition: number): Promise<number> {
    const {
      rows: [row],
    } = await this.#pool.query<{ next_offset: bigint }>(nextOffset, [partition]);
    return Number(row?.next_offset ?? 0n);
  }
}
