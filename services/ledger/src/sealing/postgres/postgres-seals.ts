import type { Pool } from 'pg';

import { entriesInOrder } from '../../postgres/entries.sql.ts';
import type { EntryRow } from '../../postgres/entry-row.ts';
import { fromRowEntry } from '../../postgres/entry-row.ts';
import type { Seal } from '../domain/seal.ts';
import type { SealedEntry, SealStore } from '../sealer.ts';
import { insertSeals, lastSeal, sealOf, sealsInOrder } from './seals.sql.ts';

const readMax = 1_000;

type SealRow = {
  readonly partition: number;
  readonly number: bigint;
  readonly from_seq: bigint;
  readonly to_seq: bigint;
  readonly root: Buffer;
  readonly previous: Buffer;
  readonly seal_hash: Buffer;
  readonly sealed_at: Date;
};

/** Seals on PostgreSQL. */
export class PostgresSeals implements SealStore {
  readonly #pool: Pool;
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async last(partition: number): Promise<Seal | null> {
    const {
      rows: [row],
    } = await this.#pool.query<SealRow>({ name: 'last-seal', text: lastSeal, values: [partition] });
    return row ? fromRowSeal(row) : null;
  }

  async covering(partition: number, seq: number): Promise<Seal | null> {
    const {
      rows: [row],
    } = await this.#pool.query<SealRow>({ name: 'seal-of', text: sealOf, values: [partition, seq] });
    return row ? fromRowSeal(row) : null;
  }

  async entries(partition: number, afterSeq: number, limit: number): Promise<readonly SealedEntry[]> {
    type Row = EntryRow & { commitment: Buffer | null };
    const { rows } = await this.#pool.query<Row>({
      name: 'entries-in-order',
      text: entriesInOrder,
      values: [partition, afterSeq, limit],
    });
    return rows.map((row) => ({ entry: fromRowEntry(row), commitmentHex: row.commitment?.toString('hex') ?? null }));
  }

  /** The seals of a partition with a higher number than `after`, in order. */
  async *inOrder(partition: number, after = 0): AsyncGenerator<Seal> {
    for (let last = after; ;) {
      const { rows } = await this.#pool.query<SealRow>(sealsInOrder, [partition, last, readMax]);
      for (const row of rows) yield fromRowSeal(row);
      if (rows.length < readMax) return;
      last = Number(rows.at(-1)?.number);
    }
  }

  async insert(seals: readonly Seal[]): Promise<ReadonlySet<number>> {
    const values = [
      seals.map(({ partition }) => partition),
      seals.map(({ number }) => number),
      seals.map(({ fromSeq }) => fromSeq),
      seals.map(({ toSeq }) => toSeq),
      seals.map(({ root }) => root),
      seals.map(({ previous }) => previous),
      seals.map(({ sealHash }) => sealHash),
      seals.map(({ sealedMs }) => new Date(sealedMs)),
    ];
    const { rows } = await this.#pool.query<{ partition: number }>({ name: 'insert-seals', text: insertSeals, values });
    return new Set(rows.map(({ partition }) => partition));
  }
}

export const fromRowSeal = (row: SealRow): Seal => ({
  partition: row.partition,
  number: Number(row.number),
  fromSeq: Number(row.from_seq),
  toSeq: Number(row.to_seq),
  root: row.root,
  previous: row.previous,
  sealHash: row.seal_hash,
  sealedMs: row.sealed_at.getTime(),
});
