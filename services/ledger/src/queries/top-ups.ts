import type { LedgerQueries, RequestOutcome } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';

import { accountOf } from './account.ts';
import type { QueryPorts } from './ports.ts';

/** See `LedgerQueries.walletsBelow`. The rows tell the candidates; each is read again as any reader sees it. */
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
      // The account may have been changed since its rows were read.
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
    // A booked request counts as booked, even when a later repeat was refused.
    for (const { place } of await reads.entries.booked(partition, asked)) {
      const at = asked[place]?.at;
      if (at !== undefined) outcomes[at] = { state: 'booked' };
    }
  }
  return outcomes;
}
