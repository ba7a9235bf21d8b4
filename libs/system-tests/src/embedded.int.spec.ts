import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { changesAccounts } from './account-terms.contract.ts';
import { recordsWhoActed } from './acts.contract.ts';
import { refusesBadInput } from './bad-input.contract.ts';
import { refusesBadMembers } from './bad-members.contract.ts';
import { correctedAfterPaid, correctedBeforeCharged } from './corrected-blocks.contract.ts';
import { creditsJourney } from './credits.contract.ts';
import { erasesWords } from './erasure.contract.ts';
import { watchAnswers } from './harness/client.ts';
import { EmbeddedPlatform } from './harness/embedded.ts';
import { abandonLoads, nothingWrong, startLoad } from './harness/load.ts';
import { ApiDocument } from './harness/open-api.ts';
import { checkBooks } from './harness/platform.ts';
import { processesIn } from './harness/processes.ts';
import { QuotaProvider } from './harness/quota-provider.ts';
import { UpstreamServer } from './harness/upstream.ts';
import { takesIdsOfAnyScript } from './ids.contract.ts';
import { licenceKeysJourney } from './licence-keys.contract.ts';
import { looksUp } from './look-ups.contract.ts';
import { documentsItself } from './open-api.contract.ts';
import { optimizesImages } from './optimize.contract.ts';
import { racesForLastUnits } from './race.contract.ts';
import { repeatsAfterRestarts } from './repeat.contract.ts';
import { spendsMany } from './spends.contract.ts';
import { statementsOfCustomers } from './statements.contract.ts';
import { tierBillingJourney } from './tier-billing.contract.ts';
import { chargesThroughStripe } from './tier-charges.contract.ts';
import { tokenProcess } from './token-process.contract.ts';

let platform: EmbeddedPlatform;
let upstream: UpstreamServer;
let provider: QuotaProvider;
let api: ApiDocument;
let unwatch: () => void = () => undefined;
const undocumented = new Set<string>();
beforeAll(async () => {
  [upstream, provider] = await Promise.all([UpstreamServer.start(), QuotaProvider.start()]);
  platform = await EmbeddedPlatform.start({ ...upstream.variables, ...provider.env });
  api = await ApiDocument.read(platform.anybody);
  unwatch = watchAnswers((seen) => {
    const fault = api.answerFault(seen);
    if (fault !== null) undocumented.add(fault);
  });
});
afterEach(abandonLoads);
afterAll(async () => {
  unwatch();
  await platform?.stop();
  await upstream?.stop();
  await provider?.stop();
});

describe('the embedded platform', () => {
  documentsItself(() => platform);
  racesForLastUnits(() => platform);
  spendsMany(() => platform);
  licenceKeysJourney(() => platform);
  tierBillingJourney(() => platform);
  chargesThroughStripe(() => platform);
  statementsOfCustomers(() => platform);
  correctedBeforeCharged(() => platform);
  correctedAfterPaid(() => platform);
  creditsJourney(() => ({
    platform,
    upstream,
    restartGateway: async () => {
      await platform.program.kill();
      await platform.start();
    },
  }));
  refusesBadInput(() => platform);
  refusesBadMembers(() => platform);
  takesIdsOfAnyScript(() => platform);
  changesAccounts(() => platform);
  recordsWhoActed(() => platform);
  looksUp(() => platform);
  erasesWords(() => platform);
  tokenProcess(() => platform);
  optimizesImages(() => ({
    platform,
    provider,
    files: () => readdir(join(platform.dataDir, 'images')),
    restartOptimizer: async () => {
      await platform.program.kill();
      await platform.start();
    },
  }));

  // Guarantee: whoever builds on the document meets no status, content type or member that it does not name.
  it('has answered all of these as its OpenAPI document says', () => {
    expect([...undocumented]).toEqual([]);
  });

  repeatsAfterRestarts(() => ({
    platform,
    provider,
    restarts: [
      {
        service: 'the platform',
        restart: async () => {
          await platform.program.kill();
          await platform.start();
        },
      },
    ],
  }));

  it('has true books after all of these', async () => {
    expect(await checkBooks(platform)).toMatchObject({ drifts: [], chainProblems: [] });
  });

  it('refuses a second start on the same folder with one line', async () => {
    const { how, output } = await platform.startAnother();
    expect(how).toBe('exit code 1');
    expect(
      output
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('{')),
    ).toEqual([expect.stringContaining('is in use')]);
    expect((await platform.anybody.get('/health/ready')).status).toBe(200);
  });

  // Guarantee: kill -9 loses nothing that was answered, and books nothing twice (design §2).
  it('keeps every answer over five kills under load', async () => {
    const load = await startLoad(platform);
    for (let round = 1; round <= 5; round++) {
      await load.goesOn(`the load of round ${round}`);
      await platform.program.kill();
      await platform.start();
    }
    await load.goesOn('the load after the last start');

    const found = await load.stop();
    expect(found).toMatchObject(nothingWrong);
    expect(found.spends).toBeGreaterThan(100);
    expect(await checkBooks(platform)).toMatchObject({ drifts: [], chainProblems: [] });
  });

  it('leaves no process behind when it is killed', async () => {
    expect(await processesIn(platform.dataDir)).not.toEqual([]);
    await platform.program.kill();
    await waitFor('the end of PostgreSQL', async () => (await processesIn(platform.dataDir)).length === 0, 15_000);
  });

  it('has true books while it is stopped', async () => {
    expect(await checkBooks(platform)).toMatchObject({ drifts: [], chainProblems: [] });
  });
});
