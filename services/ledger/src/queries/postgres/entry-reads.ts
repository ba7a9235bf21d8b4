import type { Pool } from 'pg';

import type { Entry } from '../../domain/entry.ts';
import { entryKinds } from '../../domain/entry.ts';
import type { EntryId } from '../../domain/request/ids.ts';
import type { EntryRow } from '../../postgres/entry-row.ts';
import { fromRowEntry } from '../../postgres/entry-row.ts';
import type { EntryReads } from '../reads.ts';
import { accountExists, entriesCount, entriesPage, entryById, requestsBooked } from './read-entries.sql.ts';

export class PostgresEntryReads implements EntryReads {
  readonly #pool: Pool;
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async entries(page: Parameters<EntryReads['entries']>[0]): ReturnType<EntryReads['entries']> {
    const { partition, account, beforeSeq, limit, from = null, to = null, byUse, fromSeq = 0 } = page;
    const kinds = page.kinds?.map((kind) => entryKinds[kind]) ?? null;
    const { rows } = await this.#pool.query<EntryRow>({
      name: 'entries-page',
      text: entriesPage,
      values: [partition, account, beforeSeq, limit, from, to, kinds, byUse, fromSeq],
    });
    if (rows.length === 0) {
      const { rowCount } = await this.#pool.query({
        name: 'account-exists',
        text: accountExists,
        values: [partition, account],
      });
      if (rowCount === 0) return null;
    }
    const items = rows.map(fromRowEntry);
    if (!page.total) return { items };
    const {
      rows: [count],
    } = await this.#pool.query<{ total: bigint }>({
      name: 'entries-count',
      text: entriesCount,
      values: [partition, account, from, to, kinds, byUse, fromSeq],
    });
    return { items, total: Number(count?.total ?? 0n) };
  }

  async entry(id: EntryId): Promise<Entry | null> {
    const {
      rows: [row],
    } = await this.#pool.query<EntryRow>({ name: 'entry', text: entryById, values: [id.partition, id.seq] });
    return row ? fromRowEntry(row) : null;
  }

  async booked(partition: number, requests: Parameters<EntryReads['booked']>[1]): ReturnType<EntryReads['booked']> {
    const values = [
      partition,
      requests.map(({ account }) => account),
      requests.map(({ source }) => source),
      requests.map(({ id }) => id),
    ];
    const { rows } = await this.#pool.query<{ asked: bigint; hash: string | null }>({
      name: 'requests-booked',
      text: requestsBooked,
      values,
    });
    return rows.map(({ asked, hash }) => ({ place: Number(asked) - 1, hash }));
  }
}
