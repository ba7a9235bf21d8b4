import type { Pool } from 'pg';

import type { Entry } from '../../domain/entry.ts';
import type { EntryRow } from '../../postgres/entry-row.ts';
import { fromRowEntry } from '../../postgres/entry-row.ts';
import { auditEntries, auditLater, partitionsOfBooks } from './audit.sql.ts';

/** An entry with the words beside it and the salt of their commitment. */
export type EntryWithWords = { readonly entry: Entry; readonly salt: Buffer | null; readonly content: unknown };
export type AccountStretch = {
  readonly partition: number;
  readonly account: string;
  readonly from: string;
  readonly to: string;
};

type Row = EntryRow & { readonly salt: Buffer | null };
const pageSize = 1_000;
const withWords = (row: Row): EntryWithWords => ({ entry: fromRowEntry(row), salt: row.salt, content: row.content });

/** Reads for audits on PostgreSQL. */
export class PostgresAuditReads {
  readonly #pool: Pool;
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** undefined: there are no books yet. */
  async partitions(): Promise<number | undefined> {
    const {
      rows: [placement],
    } = await this.#pool.query<{ partitions: number }>(partitionsOfBooks);
    return placement?.partitions;
  }

  /** Entries booked in [from, to), in order. */
  entries(of: AccountStretch): AsyncGenerator<EntryWithWords> {
    return this.#stretch(auditEntries, of);
  }

  /** Entries booked from `to` on that count in the period that starts at `from`, or correct what was booked between. */
  later(of: AccountStretch): AsyncGenerator<EntryWithWords> {
    return this.#stretch(auditLater, of);
  }

  async entry(partition: number, account: string, seq: number): Promise<EntryWithWords | undefined> {
    const values = [partition, account, seq - 1, '-infinity', 'infinity', 1];
    const {
      rows: [row],
    } = await this.#pool.query<Row>(auditEntries, values);
    return row && Number(row.seq) === seq ? withWords(row) : undefined;
  }

  async *#stretch(sql: string, { partition, account, from, to }: AccountStretch): AsyncGenerator<EntryWithWords> {
    for (let after = 0; ;) {
      const { rows } = await this.#pool.query<Row>(sql, [partition, account, after, from, to, pageSize]);
      for (const row of rows) yield withWords(row);
      if (rows.length < pageSize) return;
      after = Number(rows.at(-1)?.seq);
    }
  }
}
