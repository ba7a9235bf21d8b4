import type { PartitionView } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

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
