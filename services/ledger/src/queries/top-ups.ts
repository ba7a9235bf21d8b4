import type { LedgerQueries, RequestOutcome } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';

import { accountOf } from './account.ts';
import type { QueryPorts } from './ports.ts';

/** See `LedgerQueries.walletsBelow`: those that the rows tell of, looked at once more as any reader sees them. */
export async function walletsBelow(
  ports: QueryPorts,
  { wallets }: Parameters<LedgerQueries['walletsBelow']>[0],
): ReturnType<LedgerQueries['walletsBelow']> {
  const low: { readonly account: string; readonly available: string }[] = [];
  const byPartition = Map.groupBy(wallets, ({ account }) => partitionOf(account, ports.partitions));
  for (const [partition, asked] of byPartition) {
    for (const { id, below } of await ports.reads.topUps.balancesBelow(partition, asked)) {
      const wallet = await accountOf(ports, { id });
      if (wallet === null || wallet.status === 'closed') continue;
      // The owner of the partition may be a commit further than the rows that were read.
      const available = BigInt(wallet.balance) - BigInt(wallet.held);
      if (available < below) low.push({ account: id, available: String(available) });
    }
  }
  return low;
}

/** See `LedgerQueries.requestOutcomes`. */
export async function requestOutcomes(
  { reads, partitions }: Pick<QueryPorts, 'reads' | 'partitions'>,
  { requests }: Parameters<LedgerQueries['requestOutcomes']>[0],
): ReturnType<LedgerQueries['requestOutcomes']> {
  const outcomes = requests.map((): RequestOutcome => ({ state: 'unknown' }));
  const byPartition = Map.groupBy(
    requests.map((request, at) => ({ ...request, at })),
    ({ account }) => partitionOf(account, partitions),
  );
  for (const [partition, asked] of byPartition) {
    for (const { place, code } of await reads.topUps.refusedRequests(partition, asked)) {
      const at = asked[place]?.at;
      if (at !== undefined) outcomes[at] = { state: 'refused', code };
    }
    // Booked counts, whatever a later repeat was told.
    for (const { place } of await reads.entries.booked(partition, asked)) {
      const at = asked[place]?.at;
      if (at !== undefined) outcomes[at] = { state: 'booked' };
    }
  }
  return outcomes;
}
