import type { Metrics } from '@tollgate/service-kit';
import { Counter } from 'prom-client';

export type LedgerMetrics = ReturnType<typeof ledgerMetrics>;

/** The ledger's figures for Prometheus. */
export function ledgerMetrics(registry: Metrics) {
  const registers = [registry];
  return {
    entries: new Counter({ name: 'tollgate_ledger_entries_total', help: 'Entries committed.', registers }),
    commits: new Counter({ name: 'tollgate_ledger_commits_total', help: 'Group commits.', registers }),
    answers: new Counter({
      name: 'tollgate_ledger_answers_total', help: 'Requests answered, by outcome and code of refusal.', labelNames: ['outcome', 'code'], registers,
    }),
    halted: new Counter({ name: 'tollgate_ledger_partitions_halted_total', help: 'Partitions that halted (rule 2).', registers }),
  };
}
