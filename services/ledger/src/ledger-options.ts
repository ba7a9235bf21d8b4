import type { Clock } from '@tollgate/kernel';
import type { AnswerSender, EventLog } from '@tollgate/messaging';
import type { Logger, Metrics } from '@tollgate/service-kit';

export type LedgerOptions = {
  /** Of the role `tollgate_ledger`, on a migrated database. */
  readonly databaseUrl: string;
  readonly eventLog: EventLog;
  readonly answers: AnswerSender;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Fixed with the books at the first start. */
  readonly partitions: number;
  readonly metrics?: Metrics;
  /** Accounts kept in memory, about 1 kB each. Default 200,000. */
  readonly accountsMax?: number;
  /** Whether every entry is published to `ledger.entries.v1`. Default true. */
  readonly publishEntries?: boolean;
};

/** Nest's token of the options. */
export const ledgerOptions = Symbol('LedgerOptions');
