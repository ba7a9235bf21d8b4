import type { LedgerRequest } from '@tollgate/contracts';
import { AppError, hasDotSegment, isStorableJson } from '@tollgate/kernel';

import type { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import { accountIdFault } from '../../shared/domain/account-id.ts';
import type { ReportedUsage } from './token-billing.ts';
import { meteredAccount, meteredOpening, usageRequest } from './token-billing.ts';

export type QueuedUsage = ReportedUsage & { readonly id: string; readonly recordedAt: string };

/** Port: usage recorded by producers that only use SQL. */
export interface ConsumptionStore {
  /** Usage that is not in the log yet, oldest first. */
  waiting(limit: number): Promise<readonly QueuedUsage[]>;
  appended(ids: readonly string[]): Promise<void>;
  /** Makes a row that the log cannot accept a dead letter: it is kept with the reason and is not waiting any more. */
  setAside(id: string, reason: string): Promise<void>;
  prune(beforeMs: number): Promise<void>;
}

const batchMax = 200;
/** Bytes per append. The largest row is sent alone, and an append stays well below a broker's limit. */
const appendBytesMax = 262_144;
/** Larger than any row that the table accepts. A larger row would fail every append. */
const rowBytesMax = 262_144;

type Options = {
  readonly store: ConsumptionStore;
  readonly ledgerClient: Pick<LedgerClient, 'post'>;
  /**
   * true: usage counts at the time when it was recorded. false: at the time when it reaches the log (for the test
   * clock, which PostgreSQL does not follow).
   */
  readonly dated: boolean;
  /** Called for a row that became a dead letter. */
  readonly onSetAside: (id: string, reason: string) => void;
};
type Ready = { readonly id: string; readonly account: string; readonly request: LedgerRequest; readonly bytes: number };

/**
 * Moves queued usage to the log, in order and at least once. The ledger books an id once, so a crash between the append
 * and its mark here counts nothing twice. A row that the log cannot accept becomes a dead letter and does not block the
 * others.
 */
export class ConsumptionQueue {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Moves all waiting rows. Rows that an outage of the log or the database leaves are moved by a later call. */
  async drain(): Promise<void> {
    for (;;) {
      const queued = await this.#options.store.waiting(batchMax);
      for (const rows of inAppends(await this.#readable(queued))) await this.#bring(rows);
      if (queued.length < batchMax) return;
    }
  }

  /** The rows that are valid. The others are set aside. */
  async #readable(queued: readonly QueuedUsage[]): Promise<readonly Ready[]> {
    const ready: Ready[] = [];
    for (const row of queued) {
      try {
        ready.push(this.#requestOf(row));
      } catch (error) {
        await this.#setAside(row.id, error);
      }
    }
    return ready;
  }

  /**
   * Appends rows together. If an error other than an outage prevents it, appends them one by one, so that only the
   * invalid row is set aside.
   */
  async #bring(rows: readonly Ready[]): Promise<void> {
    const { store, ledgerClient } = this.#options;
    try {
      await ledgerClient.post(
        [...new Set(rows.map(({ account }) => account))].map(meteredOpening).concat(rows.map(({ request }) => request)),
      );
    } catch (error) {
      if (error instanceof AppError && error.kind === 'unavailable') throw error;
      const [only, ...others] = rows;
      if (only !== undefined && others.length === 0) return this.#setAside(only.id, error);
      for (const row of rows) await this.#bring([row]);
      return;
    }
    await store.appended(rows.map(({ id }) => id));
  }

  async #setAside(id: string, error: unknown): Promise<void> {
    const reason = error instanceof AppError ? `${error.code}: ${error.message}` : `INVARIANT_BROKEN: ${String(error)}`;
    await this.#options.store.setAside(id, reason.slice(0, 1_000));
    this.#options.onSetAside(id, reason);
  }

  /** @throws AppError('invalid') if the ledger would refuse the record. */
  #requestOf({ id, recordedAt, ...reported }: QueuedUsage): Ready {
    const account = meteredAccount(reported.userId);
    const fault = hasDotSegment(reported.userId)
      ? 'it has a segment "." or "..", which paths cannot hold'
      : accountIdFault(account);
    if (fault !== null) throw new AppError('invalid', 'REQUEST_INVALID', `user_id: ${fault}`);
    if (!isStorableJson([reported.metadata ?? null, reported.operationType, reported.clientId ?? null])) {
      throw new AppError(
        'invalid',
        'REQUEST_INVALID',
        'metadata: is nested more than 64 levels deep, or has a text that PostgreSQL refuses',
      );
    }
    const request = {
      ...usageRequest(reported, { key: id }),
      source: 'sql:record_token_consumption',
      ...(this.#options.dated ? { occurred: recordedAt } : {}),
    };
    const bytes = Buffer.byteLength(JSON.stringify(request));
    if (bytes > rowBytesMax)
      throw new AppError(
        'invalid',
        'REQUEST_INVALID',
        `the row has ${bytes} bytes; the log accepts at most ${rowBytesMax}`,
      );
    return { id, account, request, bytes };
  }
}

/** Splits rows into appends, in order and up to the maximum size. */
function inAppends(rows: readonly Ready[]): readonly (readonly Ready[])[] {
  const appends: Ready[][] = [];
  let bytes = Infinity;
  for (const row of rows) {
    bytes += row.bytes;
    if (bytes > appendBytesMax) {
      appends.push([]);
      bytes = row.bytes;
    }
    appends.at(-1)?.push(row);
  }
  return appends;
}
