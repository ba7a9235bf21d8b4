import { accountKinds, type CatalogItem, type LedgerQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import { parseRateCard } from '@tollgate/pricing';
import type { Pool } from 'pg';

import type { Account } from '../../domain/account/account.ts';
import type { Entry } from '../../domain/entry.ts';
import { entryKinds } from '../../domain/entry.ts';
import type { BookedCard } from '../../domain/prices/catalog.ts';
import { cardAt, emptyCatalog, rateCardDefault } from '../../domain/prices/catalog.ts';
import type { EntryId } from '../../domain/request/request.ts';
import type { AccountRow } from '../../postgres/account-row.ts';
import { fromRowAccount } from '../../postgres/account-row.ts';
import type { CrossingRow } from '../../postgres/crossing-row.ts';
import { fromRowCrossing } from '../../postgres/crossing-row.ts';
import type { EntryRow } from '../../postgres/entry-row.ts';
import { fromRowEntry } from '../../postgres/entry-row.ts';
import { loadAccounts, loadAccountsAt } from '../../postgres/load-accounts.sql.ts';
import { readStandings } from '../../publishing/postgres/standings.ts';
import type { BooksReader } from '../queries.ts';
import { readCandidates } from './candidates.ts';
import {
  accountBelow,
  accountExists,
  accountNumbered,
  allPositions,
  catalogBooked,
  catalogItem,
  catalogItems,
  crossingsBetween,
  crossingsOfPeriod,
  crossingsPage,
  deadLetterById,
  deadLettersPage,
  entriesCount,
  entriesInOrder,
  entriesPage,
  entryById,
  ownedSince,
  periodHolding,
  refusedPage,
  requestsBooked,
  usageOfPeriod,
} from './read-books.sql.ts';
import { readRefusals } from './refusals-page.ts';
import { balancesBelow, refusedRequests } from './top-ups.sql.ts';

/** Reads of the books on PostgreSQL, for queries. */
export class PostgresBooksReader implements BooksReader {
  readonly #pool: Pool;
  readonly #partitions: number;
  constructor(pool: Pool, partitions: number) {
    this.#pool = pool;
    this.#partitions = partitions;
  }

  async accounts(partition: number, ids: readonly string[], at?: string): Promise<readonly Account[]> {
    const values = [ids.map(() => partition), ids, [], []];
    const query =
      at === undefined
        ? { name: 'accounts', text: loadAccounts, values }
        : { name: 'accounts-at', text: loadAccountsAt, values: [...values, at] };
    const { rows } = await this.#pool.query<AccountRow>(query);
    return rows.map(fromRowAccount);
  }

  async hasDescendants(partition: number, id: string): Promise<boolean> {
    const { rowCount } = await this.#pool.query({ name: 'account-below', text: accountBelow, values: [partition, id] });
    return rowCount === 1;
  }

  candidates(search: Parameters<BooksReader['candidates']>[0]): ReturnType<BooksReader['candidates']> {
    return readCandidates(this.#pool, search);
  }

  standings(partition: number, entries: readonly Entry[]): ReturnType<BooksReader['standings']> {
    return readStandings(this.#pool, partition, entries);
  }

  async entries(page: Parameters<BooksReader['entries']>[0]): ReturnType<BooksReader['entries']> {
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

  async usage({ partition, account, startMs }: Parameters<BooksReader['usage']>[0]): ReturnType<BooksReader['usage']> {
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
  }: Parameters<BooksReader['periodHolding']>[0]): ReturnType<BooksReader['periodHolding']> {
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

  async items(partition: number): ReturnType<BooksReader['items']> {
    const { rows } = await this.#pool.query<{ item: CatalogItem; booked_at: Date }>({
      name: 'catalog-items',
      text: catalogItems,
      values: [partition],
    });
    return rows.map(({ item, booked_at: bookedAt }) => ({ item, bookedMs: bookedAt.getTime() }));
  }

  async after(partition: number, seq: number, limit: number): ReturnType<BooksReader['after']> {
    const { rows } = await this.#pool.query<EntryRow>({
      name: 'entries-in-order',
      text: entriesInOrder,
      values: [partition, seq, limit],
    });
    const entries = rows.map(fromRowEntry);
    const values = [partition, seq, entries.at(-1)?.partitionSeq ?? seq];
    const crossed = await this.#pool.query<CrossingRow & { id: string; partition_seq: bigint }>({
      name: 'crossings-between',
      text: crossingsBetween,
      values,
    });
    return entries.map((entry) => ({
      entry,
      crossings: crossed.rows
        .filter((row) => Number(row.partition_seq) === entry.partitionSeq)
        .map((row) => fromRowCrossing(row.id, row)),
    }));
  }

  async crossings({
    from,
    to,
    after,
    limit,
  }: Parameters<BooksReader['crossings']>[0]): ReturnType<BooksReader['crossings']> {
    type Row = CrossingRow & {
      id: string;
      partition: number;
      account: number;
      partition_seq: bigint;
      recorded_at: Date;
      start_ms: bigint;
    };
    const { rows } = await this.#pool.query<Row>({
      name: 'crossings-page',
      text: crossingsPage,
      values: [from, to, ...after, limit],
    });
    return rows.map((row) => ({
      account: row.id,
      crossing: fromRowCrossing(row.id, row),
      id: { partition: row.partition, seq: Number(row.partition_seq) },
      recordedMs: row.recorded_at.getTime(),
      place: [row.partition, row.account, Number(row.start_ms), Number(row.block)],
    }));
  }

  async entry(id: EntryId): Promise<Entry | null> {
    const {
      rows: [row],
    } = await this.#pool.query<EntryRow>({ name: 'entry', text: entryById, values: [id.partition, id.seq] });
    return row ? fromRowEntry(row) : null;
  }

  async booked(partition: number, requests: Parameters<BooksReader['booked']>[1]): ReturnType<BooksReader['booked']> {
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

  async balancesBelow(
    partition: number,
    wallets: Parameters<BooksReader['balancesBelow']>[1],
  ): ReturnType<BooksReader['balancesBelow']> {
    const ids = wallets.map(({ account }) => account);
    const values = [partition, ids, wallets.map(({ below }) => below), accountKinds.indexOf('wallet')];
    const { rows } = await this.#pool.query<{ id: string }>({ name: 'balances-below', text: balancesBelow, values });
    return rows.map(({ id }) => ({ id, below: BigInt(wallets[ids.indexOf(id)]?.below ?? 0) }));
  }

  async refusedRequests(
    partition: number,
    requests: Parameters<BooksReader['refusedRequests']>[1],
  ): ReturnType<BooksReader['refusedRequests']> {
    const values = [
      partition,
      requests.map(({ account }) => account),
      requests.map(({ source }) => source),
      requests.map(({ id }) => id),
    ];
    const { rows } = await this.#pool.query<{ asked: bigint; code: string }>({
      name: 'requests-refused',
      text: refusedRequests,
      values,
    });
    return rows.map(({ asked, code }) => ({ place: Number(asked) - 1, code }));
  }

  async ownedSince({
    partition,
    account,
    owner,
  }: Parameters<BooksReader['ownedSince']>[0]): ReturnType<BooksReader['ownedSince']> {
    const values = [partition, account, owner];
    const {
      rows: [row],
    } = await this.#pool.query<{ seq: bigint; recorded_at: Date }>({ name: 'owned-since', text: ownedSince, values });
    return row ? { seq: Number(row.seq), recordedMs: row.recorded_at.getTime() } : null;
  }

  async accountNumbered(partition: number, ref: number): Promise<string | null> {
    const {
      rows: [row],
    } = await this.#pool.query<{ id: string }>({
      name: 'account-numbered',
      text: accountNumbered,
      values: [partition, ref],
    });
    return row?.id ?? null;
  }

  readonly refused: LedgerQueries['refused'] = async ({ account = null, after, limit }) => {
    const cursor = after === undefined ? [null, null, null] : cursorOf(after);
    type Row = {
      account: string;
      source: string;
      request_id: string;
      type: string;
      code: string;
      detail: string;
      refused_at: Date;
      partition: number;
      log_offset: bigint;
      refused_ms: bigint;
    };
    const { rows } = await this.#pool.query<Row>({
      name: 'refused',
      text: refusedPage,
      values: [account, ...cursor, limit],
    });
    const items = rows.map((row) => ({
      account: row.account,
      source: row.source,
      id: row.request_id,
      type: row.type,
      code: row.code,
      detail: row.detail,
      refused_at: row.refused_at.toISOString(),
      cursor: `${row.refused_ms}-${row.partition}-${row.log_offset}`,
    }));
    return { items, next: items.length === limit ? (items.at(-1)?.cursor ?? null) : null };
  };

  refusals(page: Parameters<BooksReader['refusals']>[0]): ReturnType<BooksReader['refusals']> {
    return readRefusals(this.#pool, page);
  }

  readonly deadLetters: LedgerQueries['deadLetters'] = async ({ after, limit }) => {
    const cursor = after === undefined ? [null, null, null] : cursorOf(after);
    type Row = {
      partition: number;
      log_offset: bigint;
      reason: string;
      record_key: string;
      value: string;
      recorded_at: Date;
      ms: bigint;
    };
    const { rows } = await this.#pool.query<Row>({
      name: 'dead-letters',
      text: deadLettersPage,
      values: [...cursor, limit],
    });
    const items = rows.map((row) => ({
      id: `${row.partition}-${row.log_offset}`,
      partition: row.partition,
      offset: String(row.log_offset),
      reason: row.reason,
      key: row.record_key,
      value: row.value,
      recorded_at: row.recorded_at.toISOString(),
      cursor: `${row.ms}-${row.partition}-${row.log_offset}`,
    }));
    return { items, next: items.length === limit ? (items.at(-1)?.cursor ?? null) : null };
  };

  async deadLetter(id: EntryId): Promise<{ readonly key: string; readonly value: string } | null> {
    type Row = { key: string; value: string };
    const { rows } = await this.#pool.query<Row>({
      name: 'dead-letter',
      text: deadLetterById,
      values: [id.partition, id.seq],
    });
    return rows[0] ?? null;
  }

  readonly catalog: LedgerQueries['catalog'] = async ({ catalog }) => {
    const { rows } = await this.#pool.query<{ name: string; version: number; partitions: number }>(catalogBooked, [
      catalog,
    ]);
    return rows.map((row) => ({ ...row, of: this.#partitions }));
  };

  async card(partition: number, name: string, version: number): Promise<BookedCard | null> {
    if (name === rateCardDefault && version === 1) {
      const builtIn = cardAt(emptyCatalog, name, 0);
      if (builtIn) return builtIn;
    }
    const {
      rows: [row],
    } = await this.#pool.query<{ item: CatalogItem; booked_at: Date }>(catalogItem, [partition, name, version]);
    if (!row) return null;
    const fromMs = Math.max(Date.parse(row.item.effective_from), row.booked_at.getTime());
    return { version, fromMs, card: parseRateCard(row.item.content), item: row.item };
  }

  async positions(): ReturnType<BooksReader['positions']> {
    const { rows } = await this.#pool.query<{
      partition: number;
      epoch: bigint;
      next_offset: bigint;
      last_seq: bigint;
      halted: string | null;
    }>(allPositions);
    return rows.map((row) => ({
      partition: row.partition,
      epoch: String(row.epoch),
      next_offset: String(row.next_offset),
      last_seq: String(row.last_seq),
      ...(row.halted === null ? {} : { reason: row.halted }),
    }));
  }
}

/** `<ms>-<partition>-<offset>`. @throws AppError('invalid', REQUEST_INVALID) */
function cursorOf(text: string): readonly string[] {
  const parts = /^(\d{1,15})-(\d{1,4})-(\d{1,15})$/.exec(text)?.slice(1);
  if (parts) return parts;
  throw new AppError('invalid', 'REQUEST_INVALID', 'after is not a cursor of this list');
}
