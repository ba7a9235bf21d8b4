import type { BillingQueries, LedgerQueries, Optimizer, PartitionView, QuotaQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import type { AnswerReceiver, EventLog } from '@tollgate/messaging';
import type { HealthReport, Logger, Metrics } from '@tollgate/service-kit';

import type { GatewayConfig, GatewaySecrets } from './config.ts';
import type { TestClock } from './native/app/test-clock.ts';

export type GatewayOptions = {
  readonly config: GatewayConfig;
  /** Of the role `tollgate_gateway`, on a migrated database. */
  readonly databaseUrl: string;
  /** Of the role that reads finance's views. */
  readonly financeUrl: string;
  /** Its topic `usage.events.v1` exists. Not closed by the gateway, nor are the receiver and the queries. */
  readonly eventLog: EventLog;
  readonly receiver: AnswerReceiver;
  readonly ledger: LedgerQueries;
  /** Partitions as reported by each instance of the ledger. Default: by the one behind `ledger`. */
  readonly partitions?: (() => Promise<readonly (readonly PartitionView[])[]>) | undefined;
  readonly billing: BillingQueries;
  readonly quota: QuotaQueries;
  readonly optimizer: Optimizer;
  /** The platform's time; logins and time-outs use the real clock. */
  readonly clock: Clock;
  /** Set in test mode, where time advances only on request. */
  readonly testClock?: TestClock | undefined;
  readonly logger: Logger;
  readonly secrets: GatewaySecrets;
  /** Health of the other services in this process. */
  readonly health?: (() => Promise<HealthReport>) | undefined;
  /** Whether readiness by part and metrics are served on the public port. Default: true (one machine). */
  readonly publicDetails?: boolean | undefined;
  /** The process's registry; default: one of its own. */
  readonly metrics?: Metrics | undefined;
};
