import type { LedgerQueries } from '@tollgate/contracts';
import { AppError, partitionOf } from '@tollgate/kernel';
import { crossingView, isoTime } from '../domain/views.ts';
import { bookOf, type QueryPorts } from './queries.ts';

/** Used in one period, from committed rows: the newest entry or counter of it, so late usage counts. */
export async function usageOfPeriod(ports: QueryPorts, { account: id, at }: Parameters<LedgerQueries['usage']>[0]): ReturnType<LedgerQueries['usage']> {
  const partition = partitionOf(id, ports.partitions);
  const atMs = Date.parse(at);
  if (Number.isNaN(atMs)) throw new AppError('invalid', 'TIME_OUT_OF_RANGE', 'at is not a time');
  const account = ports.owned(partition)?.account(id) ?? (await ports.reader.accounts(partition, [id]))[0];
  if (!account) return null;
  const period = bookOf(partition, new Map([[id, account]]), atMs).periodAt(account, atMs);
  if (!period) return null;
  const { used, crossings } = await ports.reader.usage({ partition, account: id, startMs: period.startMs });
  return { period: { start: isoTime(period.startMs), end: isoTime(period.endMs) }, used: String(used), crossings: crossings.map(crossingView) };
}
