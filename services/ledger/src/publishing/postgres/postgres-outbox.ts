import { type BlockChange, toWireEntryBooked, toWirePartitionSealed, toWireTierCrossed } from '@tollgate/contracts';
import { familyOf } from '@tollgate/kernel';
import type { Pool } from 'pg';

import { crossingView, entryView } from '../../domain/views.ts';
import type { CrossingRow } from '../../postgres/crossing-row.ts';
import { fromRowCrossing } from '../../postgres/crossing-row.ts';
import { entriesInOrder } from '../../postgres/entries.sql.ts';
import type { EntryRow } from '../../postgres/entry-row.ts';
import { fromRowEntry } from '../../postgres/entry-row.ts';
import type { Seal } from '../../sealing/domain/seal.ts';
import { fromRowSeal } from '../../sealing/postgres/postgres-seals.ts';
import type { OutboxStore, PublishedTopic, Unpublished } from '../outbox.ts';
import { published } from '../outbox.ts';
import { crossingsAfter, deadLettersAfter, publishedThrough, sealsAfter, setThrough } from './outbox.sql.ts';

/** The ledger's tables as outboxes: rows are numbered without gaps, so one position per topic is enough. */
export class PostgresOutbox implements OutboxStore {
  readonly #pool: Pool;
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async publishedThrough(partition: number, topic: PublishedTopic): Promise<number> {
    const {
      rows: [row],
    } = await this.#pool.query<{ published_through: bigint }>({
      name: 'published-through',
      text: publishedThrough,
      values: [partition, topic],
    });
    return Number(row?.published_through ?? -1n);
  }

  async setPublished(
    topic: PublishedTopic,
    through: readonly { readonly partition: number; readonly seq: number }[],
  ): Promise<void> {
    const values = [topic, through.map(({ partition }) => partition), through.map(({ seq }) => seq)];
    await this.#pool.query({ name: 'set-published', text: setThrough, values });
  }

  after(partition: number, topic: PublishedTopic, seq: number, limit: number): Promise<readonly Unpublished[]> {
    switch (topic) {
      case published.entries:
        return this.#entries(partition, seq, limit);
      case published.crossings:
        return this.#crossings(partition, seq, limit);
      case published.seals:
        return this.#seals(partition, seq, limit);
      default:
        return this.#deadLetters(partition, topic, seq, limit);
    }
  }

  async #entries(partition: number, seq: number, limit: number): Promise<readonly Unpublished[]> {
    const { rows } = await this.#pool.query<EntryRow>({
      name: 'entries-in-order',
      text: entriesInOrder,
      values: [partition, Math.max(seq, 0), limit],
    });
    return rows.map((row) => {
      const entry = fromRowEntry(row);
      const at = { partition, seq: entry.partitionSeq };
      return message(published.entries, at, entry.account, toWireEntryBooked(at, entryView(partition, entry)));
    });
  }

  async #crossings(partition: number, seq: number, limit: number): Promise<readonly Unpublished[]> {
    type Row = CrossingRow & {
      readonly id: string;
      readonly partition_seq: bigint;
      readonly recorded_at: Date;
      readonly change: BlockChange;
    };
    const { rows } = await this.#pool.query<Row>({
      name: 'crossings-after',
      text: crossingsAfter,
      values: [partition, seq, limit],
    });
    return rows.map((row) => {
      const at = { partition, seq: Number(row.partition_seq) };
      const value = toWireTierCrossed(at, {
        account: row.id,
        change: row.change,
        crossing: crossingView(fromRowCrossing(row.id, row)),
        entry: `${partition}-${row.partition_seq}`,
        recordedMs: row.recorded_at.getTime(),
      });
      return message(published.crossings, at, row.id, value);
    });
  }

  async #seals(partition: number, seq: number, limit: number): Promise<readonly Unpublished[]> {
    const { rows } = await this.#pool.query<Parameters<typeof fromRowSeal>[0]>({
      name: 'seals-after',
      text: sealsAfter,
      values: [partition, seq, limit],
    });
    return rows.map((row) => sealMessage(fromRowSeal(row)));
  }

  async #deadLetters(
    partition: number,
    topic: PublishedTopic,
    seq: number,
    limit: number,
  ): Promise<readonly Unpublished[]> {
    type Row = {
      log_offset: bigint;
      reason: string;
      record_key: string;
      record_value: string;
      headers: string;
      recorded_at: Date;
    };
    const { rows } = await this.#pool.query<Row>({
      name: 'dead-letters-after',
      text: deadLettersAfter,
      values: [partition, seq, limit],
    });
    return rows.map((row) => ({
      seq: Number(row.log_offset),
      record: {
        topic,
        partition,
        key: row.record_key,
        value: row.record_value,
        headers: {
          reason: row.reason,
          'original-offset': String(row.log_offset),
          'original-partition': String(partition),
          'recorded-at': row.recorded_at.toISOString(),
          'original-headers': row.headers,
        },
      },
    }));
  }
}

/** A seal as it is published: the root is what a receipt is checked with, outside of these tables (rule 28). */
export function sealMessage(seal: Seal): Unpublished {
  const at = { partition: seal.partition, seq: seal.number };
  const value = toWirePartitionSealed(at, {
    number: String(seal.number),
    from_seq: String(seal.fromSeq),
    to_seq: String(seal.toSeq),
    root: seal.root.toString('hex'),
    seal_hash: seal.sealHash.toString('hex'),
    sealed_at: new Date(seal.sealedMs).toISOString(),
  });
  return message(published.seals, at, '', value);
}

function message(
  topic: PublishedTopic,
  { partition, seq }: { readonly partition: number; readonly seq: number },
  account: string,
  value: string,
): Unpublished {
  return { seq, record: { topic, partition, key: familyOf(account), value } };
}
