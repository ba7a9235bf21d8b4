import type { Metrics } from '@tollgate/service-kit';
import type { Pool } from 'pg';
import { Gauge } from 'prom-client';

/** $1: the number of the kind `credits`. The newest terms of each account that has a tier. */
const countByTier = `
select t.settings ->> 'tier' as tier, count(*)::int as accounts from ledger.accounts a
cross join lateral (select settings from ledger.account_terms t where t.partition = a.partition
  and t.account = a.account order by t.seq desc limit 1) t
where a.kind = $1 and t.settings ? 'tier' group by 1`;

/** Minimum time between counts: one reads a row per account. */
const countedForMs = 60_000;

/** Accounts by tier, for the ratio of free to paid users (surfaces §4). Every ledger instance counts all of them. */
export function tierGauge(registry: Metrics, pool: Pool, creditsKind: number): void {
  let countedMs = -Infinity;
  const gauge = new Gauge({
    name: 'tollgate_ledger_credits_accounts',
    help: 'Users with credits, by tier; the same from every ledger instance',
    labelNames: ['tier'],
    registers: [registry],
    // Not awaited: a scrape must not wait for a database that is down. The next scrape shows the count.
    collect: () => void count(),
  });
  const count = async (): Promise<void> => {
    if (performance.now() - countedMs < countedForMs) return;
    countedMs = performance.now();
    const counted = await pool
      .query<{ tier: string; accounts: number }>({ text: countByTier, values: [creditsKind] })
      .catch(() => null);
    if (counted === null) return;
    gauge.reset();
    for (const { tier, accounts } of counted.rows) gauge.set({ tier }, accounts);
  };
}
