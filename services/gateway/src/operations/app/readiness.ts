import type { LedgerQueries, PartitionView } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { EventLog } from '@tollgate/messaging';
import type { HealthReport } from '@tollgate/service-kit';
import { combineHealth, partOf } from '@tollgate/service-kit';

/** A check by load balancers of several kinds costs the platform one question a second at most. */
const keptMs = 500;

/** Remembers the answer for a moment; callers at once share one question. */
export function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let last: { readonly atMs: number; readonly answer: Promise<T> } | null = null;
  return () => {
    const nowMs = performance.now();
    if (last === null || nowMs - last.atMs > keptMs) last = { atMs: nowMs, answer: ask() };
    return last.answer;
  };
}

/**
 * `views`: what each instance of the ledger says of the partitions.
 * @throws AppError('unavailable') when a partition would not book now: halted, or owned by none of them.
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

/** Whether a request would succeed now, part by part. */
export const readinessOf = ({
  eventLog,
  ledger,
  partitions,
  database,
  health,
}: {
  readonly eventLog: Pick<EventLog, 'check'>;
  readonly ledger: Pick<LedgerQueries, 'partitions'>;
  /** What each instance of the ledger says; default: what the one behind `ledger` says. */
  readonly partitions?: (() => Promise<readonly (readonly PartitionView[])[]>) | undefined;
  readonly database: () => Promise<unknown>;
  /** Health of what else runs in this process. */
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
