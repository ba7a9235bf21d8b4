import { Module } from '@nestjs/common';
import { wallClock } from '@tollgate/kernel';

import type { Foundation } from '../foundation.ts';
import { provider } from '../foundation.ts';
import { port } from '../http-kit/port.ts';
import { PeopleAndKeysModule } from '../people-and-keys/people-and-keys.module.ts';
import type { Feature, Upstream } from './app/credit-work.ts';
import { CreditWork, features } from './app/credit-work.ts';
import type { CreditMeter } from './app/credits.ts';
import { Credits } from './app/credits.ts';
import { Operations } from './app/operations.ts';
import { creditMeter } from './credit-metrics.ts';
import { makeOperationStore } from './postgres/operations.ts';
import { CreditsAdminController } from './routes/admin.controller.ts';
import { CreditsController } from './routes/usage.controller.ts';
import { httpUpstream } from './upstream/http-upstream.ts';
import { standIns } from './upstream/stand-ins.ts';

const meter = port<CreditMeter>('credit meter');
const sweepMs = 2_000;
const pruneMs = 60 * 60_000;
/** Ended operations without a key are kept this long for complaints. */
const keptMs = 30 * 86_400_000;

@Module({
  imports: [PeopleAndKeysModule],
  controllers: [CreditsController, CreditsAdminController],
  providers: [
    provider(meter, [], ({ metrics }) => creditMeter(metrics)),
    provider(Operations, [], ({ pool, background }) => {
      const operations = new Operations(makeOperationStore(pool, features));
      background.onStop(() => operations.close());
      background.every(pruneMs, 'old operations are removed', () => operations.prune(wallClock.nowMs() - keptMs));
      return operations;
    }),
    provider(
      Credits,
      [Operations, meter],
      ({ ledgerClient, ledger }, operations, counted) =>
        new Credits({ ledgerClient, ledger, operations, meter: counted }),
    ),
    provider(CreditWork, [Operations, Credits, meter], creditWork),
  ],
})
export class CreditsModule {}

/** When the gateway stops, calls in flight are aborted; another process continues them. */
function creditWork(
  foundation: Foundation,
  operations: Operations,
  credits: Credits,
  counted: CreditMeter,
): CreditWork {
  const { ledgerClient, ledger, config, logger, background } = foundation;
  const stopping = new AbortController();
  const upstreamOf = (feature: Feature): Upstream => {
    const url = config.upstream[feature];
    return url === undefined
      ? standIns[feature]
      : httpUpstream({ url, timeoutMs: config.upstream.timeoutMs, stopping: stopping.signal });
  };
  const work = new CreditWork({
    ledgerClient,
    ledger,
    operations,
    credits,
    meter: counted,
    upstream: { 'start-workflow': upstreamOf('start-workflow'), review: upstreamOf('review') },
    onOrphan: ({ id, account, operation, hold }, what) =>
      logger.warn({ operationId: id, accountId: account, operation, hold }, `a call that was left open ${what}`),
  });
  background.every(sweepMs, 'calls that a crash left open are ended', () => work.sweep());
  background.onStop(() => stopping.abort());
  return work;
}
