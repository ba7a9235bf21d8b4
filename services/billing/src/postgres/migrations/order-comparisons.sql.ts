/** The newest comparison is the one that began last, also of several of one moment. */
export const orderComparisons = {
  name: '20261128000600-order-comparisons',
  sql: `
create or replace view finance.comparisons as
select distinct on (period) id, period, state, (
    select count(*) from billing.reconciliation_differences d where d.run = r.id and d.outcome is distinct from 'fixed'
      and not exists (select from billing.acknowledgements k where k.kind = d.kind and k.reference = d.reference
        and k.difference = d.reason and k.until > coalesce(r.finished_at, r.started_at))
  ) as remaining,
  under_way, started_at, finished_at
from billing.reconciliations r where state <> 'abandoned' order by period, number desc;
`,
} as const;
