import type { LedgerRequest } from '@tollgate/contracts';
import { AppError, hasDotSegment, isStorableJson } from '@tollgate/kernel';

import type { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import { accountIdFault } from '../../shared/domain/account-id.ts';
import type { ReportedUsage } from './token-billing.ts';
import { meteredAccount, meteredOpening, usageRequest } from './token-billing.ts';

export type QueuedUsage = ReportedUsage & { readonly id: string; readonly recordedAt: string };

/** Port: usage that SQL-only producers recorded. */
export interface ConsumptionStore {
  /** What the log does not have yet, oldest first. */
  waiting(limit: number): Promise<readonly QueuedUsage[]>;
  appended(ids: readonly string[]): Promise<void>;
  /** Makes a dead letter of one that the log cannot take: it is kept with the reason and waits no more. */
  setAside(id: string, reason: string): Promise<void>;
  prune(beforeMs: number): Promise<void>;
}

const batchMax = 200;
/** Rows of one append: a row of the greatest size goes alone, and an append stays well below what a broker takes. */
const appendBytesMax = 262_144;
/** More than the queue's table lets in: beyond it a row would fail every append that it is in. */
const rowBytesMax = 262_144;

type Options = {
  readonly store: ConsumptionStore;
  readonly ledgerClient: Pick<LedgerClient, 'post'>;
  /**
   * Usage counts when it was recorded; else (the test clock, which PostgreSQL does not follow) when it reaches the log.
   */
  readonly dated: boolean;
  /** Hears of a row that became a dead letter. */
  readonly onSetAside: (id: string, reason: string) => void;
};
type Ready = { readonly id: string; readonly account: string; readonly request: LedgerRequest; readonly bytes: number };

/**
 * Brings queued usage to the log, in order and at least once: the ledger books an id once, so that a crash between the
 * append and its note here counts nothing twice. A row that the log cannot take becomes a dead letter and stops no
 * other.
 */
export class ConsumptionQueue {
  private readonly options: Options;

  constructor(options: Options) {
    this.options = options;
  }

  /** Brings all that waits. What an outage of the log or the database leaves waits for the next call. */
  async drain(): Promise<void> {
    for (;;) {
      const queued = await this.options.store.waiting(batchMax);
      for (const rows of inAppends(await this.readable(queued))) await this.bring(rows);
      if (queued.length < batchMax) return;
    }
  }

  /** Those that make a request; each of the others is set aside. */
  private async readable(queued: readonly QueuedUsage[]): Promise<readonly Ready[]> {
    const ready: Ready[] = [];
    for (const row of queued) {
      try {
        ready.push(this.requestOf(row));
      } catch (error) {
        await this.setAside(row.id, error);
      }
    }
    return ready;
  }

  /**
   * Appends rows together; when something else than an outage stops them, one by one, so that it is only the bad one
   * that is set aside.
   */
  private async bring(rows: readonly Ready[]): Promise<void> {
    const { store, ledgerClient } = this.options;
    try {
      await ledgerClient.post(
        [...new Set(rows.map(({ account }) => account))].map(meteredOpening).concat(rows.map(({ request }) => request)),
      );
    } catch (error) {
      if (error instanceof AppError && error.kind === 'unavailable') throw error;
      const [only, ...others] = rows;
      if (only !== undefined && others.length === 0) return this.setAside(only.id, error);
      for (const row of rows) await this.bring([row]);
      return;
    }
    await store.appended(rows.map(({ id }) => id));
  }

  private async setAside(id: string, error: unknown): Promise<void> {
    const reason = error instanceof AppError ? `${error.code}: ${error.message}` : `INVARIANT_BROKEN: ${String(error)}`;
    await this.options.store.setAside(id, reason.slice(0, 1_000));
    this.options.onSetAside(id, reason);
  }

  /** @throws AppError('invalid') for what the ledger would not read. */
  private requestOf({ id, recordedAt, ...reported }: QueuedUsage): Ready {
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
      ...(this.options.dated ? { occurred: recordedAt } : {}),
    };
    const bytes = Buffer.byteLength(JSON.stringify(request));
    if (bytes > rowBytesMax)
      throw new AppError(
        'invalid',
        'REQUEST_INVALID',
        `the row has ${bytes} bytes, at most ${rowBytesMax} fit into the log`,
      );
    return { id, account, request, bytes };
  }
}

/** In order, as many at once as fit into one append. */
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
