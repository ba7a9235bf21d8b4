import type { LedgerQueries } from '@tollgate/contracts';
import { AppError, partitionOf } from '@tollgate/kernel';
import { overageBlocks, tierLabel } from '@tollgate/pricing';

import { isoTime } from '../domain/iso-time.ts';
import { planNameAt } from '../domain/prices/plans.ts';
import { crossingView } from '../domain/views.ts';
import { catalogOf, journalOf } from './account.ts';
import type { QueryPorts } from './ports.ts';

/** Used in one period, from committed rows: the newest entry or counter of it, so late usage counts. */
export async function usageOfPeriod(
  ports: QueryPorts,
  { account: id, at }: Parameters<LedgerQueries['usage']>[0],
): ReturnType<LedgerQueries['usage']> {
  const partition = partitionOf(id, ports.partitions);
  const atMs = Date.parse(at);
  if (Number.isNaN(atMs)) throw new AppError('invalid', 'TIME_OUT_OF_RANGE', 'at is not a time');
  const account = ports.owned(partition)?.account(id) ?? (await ports.reads.accounts.accounts(partition, [id]))[0];
  if (!account) return null;
  const journal = journalOf(partition, new Map([[id, account]]), atMs, await catalogOf(ports, partition));
  // The counter tells its period; the plans of that time may be unknown by now.
  const period =
    (await ports.reads.usage.periodHolding({ partition, account: id, atMs })) ?? journal.periodAt(account, atMs);
  if (!period) return null;
  const { used, crossings } = await ports.reads.usage.usage({ partition, account: id, startMs: period.startMs });
  const priced = crossings[0];
  const { name, version, plan } =
    (priced && journal.catalog.plans.get(priced.plan)?.find((booked) => booked.version === priced.planVersion)) ??
    journal.planAt(account, period.startMs);
  return {
    period: { start: isoTime(period.startMs), end: isoTime(period.endMs) },
    used: String(used),
    plan: {
      name: planNameAt(account.terms.settings, period.startMs) === null ? null : name,
      version,
      currency: plan.currency,
      fixed_fee: String(plan.fixedFeeMinor),
      tier: tierLabel(overageBlocks(used, plan), plan),
      included: String(plan.included),
      block: String(plan.block),
    },
    crossings: crossings.map(crossingView),
  };
}
