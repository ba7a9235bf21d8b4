import type { Metrics } from '@tollgate/service-kit';
import { Counter, Gauge } from 'prom-client';

export type LedgerMetrics = ReturnType<typeof ledgerMetrics>;

/** The ledger's figures for Prometheus. */
export function ledgerMetrics(registry: Metrics, partitionsOwned: () => number) {
  const registers = [registry];
  new Gauge({
    name: 'tollgate_ledger_partitions_owned',
    help: 'Partitions that this instance books now.',
    registers,
    collect() {
      this.set(partitionsOwned());
    },
  });
  return {
    entries: new Counter({ name: 'tollgate_ledger_entries_total', help: 'Entries committed.', registers }),
    commits: new Counter({ name: 'tollgate_ledger_commits_total', help: 'Group commits.', registers }),
    answers: new Counter({
      name: 'tollgate_ledger_answers_total',
      help: 'Requests answered, by outcome and code of refusal.',
      labelNames: ['outcome', 'code'],
      registers,
    }),
    halted: new Counter({
      name: 'tollgate_ledger_partitions_halted_total',
      help: 'Partitions that halted (rule 2).',
      registers,
    }),
  };
}
