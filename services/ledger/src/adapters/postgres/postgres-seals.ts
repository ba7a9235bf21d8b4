import type { Pool } from 'pg';
import type { SealStore, SealedEntry } from '../../app/sealer.ts';
import type { Seal } from '../../domain/seal.ts';
import type { EntryRow } from './entry-row.ts';
import { fromRowEntry } from './entry-row.ts';
import { entriesInOrder, insertSeal, lastSeal, sealOf } from './sql/read-books.sql.ts';

type SealRow = {
  readonly partition: number; readonly number: bigint; readonly from_seq: bigint; readonly to_seq: bigint;
  readonly root: Buffer; readonly previous: Buffer; readonly seal_hash: Buffer; readonly sealed_at: Date;
};

/** Seals on PostgreSQL. */
export class PostgresSeals implements SealStore {
  readonly #pool: Pool;
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async last(partition: number): Promise<Seal | null> {
    const { rows: [row] } = await this.#pool.query<SealRow>({ name: 'last-seal', text: lastSeal, values: [partition] });
    return row ? fromRowSeal(row) : null;
  }

  async covering(partition: number, seq: number): Promise<Seal | null> {
    const { rows: [row] } = await this.#pool.query<SealRow>({ name: 'seal-of', text: sealOf, values: [partition, seq] });
    return row ? fromRowSeal(row) : null;
  }

  async entries(partition: number, afterSeq: number, limit: number): Promise<readonly SealedEntry[]> {
    type Row = EntryRow & { commitment: Buffer | null };
    const { rows } = await this.#pool.query<Row>({ name: 'entries-in-order', text: entriesInOrder, values: [partition, afterSeq, limit] });
    return rows.map((row) => ({ entry: fromRowEntry(row), commitmentHex: row.commitment?.toString('hex') ?? null }));
  }

  async insert(seal: Seal): Promise<boolean> {
    const values = [seal.partition, seal.number, seal.fromSeq, seal.toSeq, seal.root, seal.previous, seal.sealHash, new Date(seal.sealedMs)];
    try {
      await this.#pool.query({ name: 'insert-seal', text: insertSeal, values });
      return true;
    } catch (error) {
      // Another instance sealed the same run first: unique (partition, from_seq).
      if (error instanceof Error && 'code' in error && error.code === '23505') return false;
      throw error;
    }
  }
}

export const fromRowSeal = (row: SealRow): Seal => ({
  partition: row.partition, number: Number(row.number), fromSeq: Number(row.from_seq), toSeq: Number(row.to_seq),
  root: row.root, previous: row.previous, sealHash: row.seal_hash, sealedMs: row.sealed_at.getTime(),
});
