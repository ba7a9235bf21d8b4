import { AppError } from '@tollgate/kernel';
import type { Pool } from 'pg';

import type { EntryId } from '../../domain/request/ids.ts';
import type { RefusalReads } from '../reads.ts';
import { deadLetterById, deadLettersPage, refusedPage } from './read-records.sql.ts';
import { readRefusals } from './refusals-page.ts';

/** Records that became no entries: refusals and dead letters. */
export class PostgresRefusalReads implements RefusalReads {
  readonly #pool: Pool;
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async refused(query: Parameters<RefusalReads['refused']>[0]): ReturnType<RefusalReads['refused']> {
    const { account, after, limit } = query;
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
      values: [account ?? null, ...cursor, limit],
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
  }

  refusals(page: Parameters<RefusalReads['refusals']>[0]): ReturnType<RefusalReads['refusals']> {
    return readRefusals(this.#pool, page);
  }

  async deadLetters({
    after,
    limit,
  }: Parameters<RefusalReads['deadLetters']>[0]): ReturnType<RefusalReads['deadLetters']> {
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
  }

  async deadLetter(id: EntryId): Promise<{ readonly key: string; readonly value: string } | null> {
    type Row = { key: string; value: string };
    const { rows } = await this.#pool.query<Row>({
      name: 'dead-letter',
      text: deadLetterById,
      values: [id.partition, id.seq],
    });
    return rows[0] ?? null;
  }
}

/** `<ms>-<partition>-<offset>`. @throws AppError('invalid', REQUEST_INVALID) */
function cursorOf(text: string): readonly string[] {
  const parts = /^(\d{1,15})-(\d{1,4})-(\d{1,15})$/.exec(text)?.slice(1);
  if (parts) return parts;
  throw new AppError('invalid', 'REQUEST_INVALID', 'after is not a cursor of this list');
}
