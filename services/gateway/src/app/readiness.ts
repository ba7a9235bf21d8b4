import { AppError } from '@tollgate/kernel';
import type { LedgerQueries } from '@tollgate/contracts';

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

/** @throws AppError('unavailable') when a partition would not book now. */
export async function checkLedger(ledger: LedgerQueries): Promise<void> {
  const partitions = await ledger.partitions({});
  const halted = partitions.filter(({ state }) => state === 'halted');
  if (halted.length > 0) {
    const named = halted.map(({ partition, reason }) => `${partition}${reason === undefined ? '' : ` (${reason})`}`).join(', ');
    throw new AppError('unavailable', 'PARTITION_HALTED', `halted partitions: ${named}`);
  }
  const claiming = partitions.filter(({ state }) => state === 'claiming').length;
  if (partitions.length === 0 || claiming > 0) {
    throw new AppError('unavailable', 'LEDGER_UNAVAILABLE', `${claiming} partitions are being taken over`);
  }
}
