import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { openWallet } from './harness/load.ts';
import { checkBooks } from './harness/platform.ts';
import { creditsInTime } from './time/credits.contract.ts';
import { imagesInTime } from './time/images.contract.ts';
import { meteredMonths } from './time/metered.contract.ts';
import { nativeAccountsInTime } from './time/native.contract.ts';
import { tierBillingInTime } from './time/tier-billing.contract.ts';
import { account, advance, nowMs, platform, startTimed, stopTimed } from './time/timed.ts';
import { tokenProcessInTime } from './time/token-process.contract.ts';
import { webhooksOutInTime } from './time/webhooks.contract.ts';

beforeAll(startTimed);
afterAll(stopTimed);

nativeAccountsInTime();
creditsInTime();
tokenProcessInTime();
meteredMonths();
tierBillingInTime();
webhooksOutInTime();
imagesInTime();

describe('the test clock', () => {
  it('goes forward only', async () => {
    const before = await nowMs();
    expect((await platform.server.post('/v1/test-clock/advance', { seconds: -1 })).status).toBe(400);
    expect((await platform.anybody.post('/v1/test-clock/advance', { seconds: 1 })).status).toBe(401);
    expect(await nowMs()).toBe(before);
  });

  it('is kept across a kill, with everything that waits for it', async () => {
    await openWallet(platform.server, 'over-a-kill', '100');
    await platform.server.post('/v1/accounts/over-a-kill/holds', { amount: '60', expires_in_s: 600 });
    await advance(300);
    const [time, before] = [await nowMs(), await account('over-a-kill')];

    await platform.program.kill();
    await platform.start();

    expect(await nowMs()).toBe(time);
    expect(await account('over-a-kill')).toEqual(before);
    await advance(300);
    expect(await account('over-a-kill')).toMatchObject({ held: '0', available: '100' });
  });

  it('leaves true books', async () => {
    expect(await checkBooks(platform)).toMatchObject({ drifts: [], chainProblems: [] });
    const totals = await platform.rows("select unit, amount from finance.trial_balance where side like 'total%'");
    expect(totals.length).toBeGreaterThan(0);
    expect(totals.filter((row) => (row as { amount: string }).amount !== '0')).toEqual([]);
    // Every block that was entered was charged, once.
    await waitFor(
      'billing to hear of every block',
      async () => (await platform.rows('select 1 from finance.unbilled_usage')).length === 0,
    );
    expect(
      await platform.rows('select 1 from ledger.crossings having count(*) <> (select count(*) from finance.charges)'),
    ).toEqual([]);
  });
});
