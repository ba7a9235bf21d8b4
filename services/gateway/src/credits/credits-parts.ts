import type { LedgerQueries } from '@tollgate/contracts';
import type { Logger, Metrics } from '@tollgate/service-kit';
import type { Pool } from 'pg';

import type { GatewayConfig } from '../config.ts';
import type { RequestLine } from '../ledger-client/app/ledger-client.ts';
import type { Feature, Upstream } from './app/credit-work.ts';
import { CreditWork } from './app/credit-work.ts';
import { Credits } from './app/credits.ts';
import { Operations } from './app/operations.ts';
import { creditMeter } from './credit-metrics.ts';
import { makeOperationStore } from './postgres/operations.ts';
import { httpUpstream } from './upstream/http-upstream.ts';
import { standIns } from './upstream/stand-ins.ts';

/** The parts of the credits surface, joined. */
export function creditsParts(options: {
  readonly pool: Pool;
  readonly line: RequestLine;
  readonly ledger: LedgerQueries;
  readonly config: GatewayConfig;
  readonly metrics: Metrics;
  readonly logger: Logger;
}) {
  const { pool, line, ledger, config, metrics, logger } = options;
  const stopping = new AbortController();
  const upstreamOf = (feature: Feature): Upstream => {
    const url = config.upstream[feature];
    return url === undefined
      ? standIns[feature]
      : httpUpstream({ url, timeoutMs: config.upstream.timeoutMs, stopping: stopping.signal });
  };
  const operations = new Operations(makeOperationStore(pool));
  const meter = creditMeter(metrics);
  const credits = new Credits({ line, ledger, operations, meter });
  const creditWork = new CreditWork({
    line,
    ledger,
    operations,
    credits,
    meter,
    upstream: { 'start-workflow': upstreamOf('start-workflow'), review: upstreamOf('review') },
    onOrphan: ({ id, account, operation, hold }, what) =>
      logger.warn({ operationId: id, accountId: account, operation, hold }, `a call that was left open ${what}`),
  });
  return {
    parts: { operations, credits, creditWork },
    /** Calls under way are cut; who looks next goes on with them. */
    close: (): void => {
      stopping.abort();
      creditWork.close();
      operations.close();
    },
  };
}
