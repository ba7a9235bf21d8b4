import type { ConsumptionStore, QueuedUsage } from '../tier-billing/app/consumption-queue.ts';

type Row = QueuedUsage & { appendedMs: number | null; reason: string | null };

/** `ConsumptionStore` in memory; it passes the contract of the one on PostgreSQL. */
export class ConsumptionMemory implements ConsumptionStore {
  readonly #rows: Row[] = [];

  add(usage: QueuedUsage): void {
    this.#rows.push({ ...usage, appendedMs: null, reason: null });
  }

  async waiting(limit: number): Promise<readonly QueuedUsage[]> {
    return this.#rows
      .filter(({ appendedMs, reason }) => appendedMs === null && reason === null)
      .toSorted((a, b) => (a.recordedAt + a.id < b.recordedAt + b.id ? -1 : 1))
      .slice(0, limit)
      .map(({ appendedMs: _, reason: __, ...usage }) => usage);
  }

  async appended(ids: readonly string[]): Promise<void> {
    for (const row of this.#rows) if (ids.includes(row.id)) row.appendedMs ??= Date.now();
  }

  async setAside(id: string, reason: string): Promise<void> {
    for (const row of this.#rows) if (row.id === id && row.appendedMs === null) row.reason = reason;
  }

  async prune(beforeMs: number): Promise<void> {
    const kept = this.#rows.filter(({ appendedMs }) => appendedMs === null || appendedMs >= beforeMs);
    this.#rows.splice(0, this.#rows.length, ...kept);
  }

  /** Those that the log has. */
  get taken(): readonly string[] {
    return this.#rows.filter(({ appendedMs }) => appendedMs !== null).map(({ id }) => id);
  }

  /** Dead letters with their reasons. */
  get aside(): ReadonlyMap<string, string> {
    return new Map(this.#rows.flatMap(({ id, reason }) => (reason === null ? [] : [[id, reason] as const])));
  }
}
