import type { LedgerQueries, PartitionView } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { EventLog } from '@tollgate/messaging';
import type { HealthReport } from '@tollgate/service-kit';
import { combineHealth, partOf } from '@tollgate/service-kit';

/** Several load balancers together cause at most one check per interval. */
const keptMs = 500;

/** Caches the answer for a moment. Concurrent callers share one check. */
export function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let last: { readonly atMs: number; readonly answer: Promise<T> } | null = null;
  return () => {
    const nowMs = performance.now();
    if (last === null || nowMs - last.atMs > keptMs) last = { atMs: nowMs, answer: ask() };
    return last.answer;
  };
}

/**
 * Checks the partitions, as reported by each instance of the ledger.
 * @throws AppError('unavailable') if a partition is halted or owned by no instance.
 */
export function checkPartitions(views: readonly (readonly PartitionView[])[]): void {
  const all = views.flat();
  const halted = new Map(all.filter(({ state }) => state === 'halted').map((view) => [view.partition, view]));
  if (halted.size > 0) {
    const named = [...halted.values()]
      .map(({ partition, reason }) => `${partition}${reason === undefined ? '' : ` (${reason})`}`)
      .join(', ');
    throw new AppError('unavailable', 'PARTITION_HALTED', `halted partitions: ${named}`);
  }
  const known = new Set(all.map(({ partition }) => partition));
  const owned = new Set(all.filter(({ state }) => state === 'owned').map(({ partition }) => partition));
  if (known.size === 0 || owned.size < known.size) {
    throw new AppError(
      'unavailable',
      'LEDGER_UNAVAILABLE',
      `${known.size - owned.size} partitions are being taken over`,
    );
  }
}

/** Checks whether a request would succeed now, by part. */
export const readinessOf = ({
  eventLog,
  ledger,
  partitions,
  database,
  health,
}: {
  readonly eventLog: Pick<EventLog, 'check'>;
  readonly ledger: Pick<LedgerQueries, 'partitions'>;
  /** Reports of all instances of the ledger. Default: of the one behind `ledger`. */
  readonly partitions?: (() => Promise<readonly (readonly PartitionView[])[]>) | undefined;
  readonly database: () => Promise<unknown>;
  /** Health of the other services in this process. */
  readonly health?: (() => Promise<HealthReport>) | undefined;
}): (() => Promise<HealthReport>) =>
  shared(async () => {
    const ofLedgers = partitions ?? (async () => [await ledger.partitions({})]);
    const parts = await Promise.all([
      partOf('log', () => eventLog.check()),
      partOf('ledger', async () => checkPartitions(await ofLedgers())),
      partOf('database', database),
    ]);
    const own = { ready: parts.every(({ up }) => up), parts };
    return health === undefined ? own : combineHealth([own, await health()]);
  });
