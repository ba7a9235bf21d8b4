import type { LedgerRequest } from '@tollgate/contracts';
import type { RequestLine } from './request-line.ts';
import { meteredAccount, meteredOpening, usageRequest } from './token-billing.ts';
import type { ReportedUsage } from './token-billing.ts';

export type QueuedUsage = ReportedUsage & { readonly id: string; readonly recordedAt: string };

/** Port: usage that SQL-only producers recorded. */
export interface ConsumptionStore {
  /** What the log does not have yet, oldest first. */
  waiting(limit: number): Promise<readonly QueuedUsage[]>;
  appended(ids: readonly string[]): Promise<void>;
  prune(beforeMs: number): Promise<void>;
}

const lookMs = 1_000;
const batchMax = 200;

/**
 * Brings queued usage to the log, in order and at least once: the ledger books an id once, so that a crash between the append
 * and its note here counts nothing twice.
 */
export class ConsumptionQueue {
  private readonly options: { readonly store: ConsumptionStore; readonly line: RequestLine; readonly dated: boolean };
  private readonly timer: NodeJS.Timeout;
  private draining = false;

  /** `dated`: usage counts when it was recorded; else (the test clock, which PostgreSQL does not follow) when it reaches the log. */
  constructor(options: { readonly store: ConsumptionStore; readonly line: RequestLine; readonly dated: boolean }) {
    this.options = options;
    this.timer = setInterval(() => void this.drain(), lookMs);
    this.timer.unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  async drain(): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    try {
      const { store, line } = this.options;
      for (;;) {
        const queued = await store.waiting(batchMax);
        if (queued.length === 0) return;
        await line.post(this.requestsOf(queued));
        await store.appended(queued.map(({ id }) => id));
        if (queued.length < batchMax) return;
      }
    } catch {
      // Log or database are away: the same rows wait for the next look.
    } finally {
      this.draining = false;
    }
  }

  private requestsOf(queued: readonly QueuedUsage[]): readonly LedgerRequest[] {
    const accounts = [...new Set(queued.map(({ userId }) => meteredAccount(userId)))];
    const usage = queued.map(({ id, recordedAt, ...reported }) => ({
      ...usageRequest(reported, { key: id }), source: 'sql:record_token_consumption', ...(this.options.dated ? { occurred: recordedAt } : {}),
    }));
    return [...accounts.map(meteredOpening), ...usage];
  }
}
