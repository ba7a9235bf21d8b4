import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { LedgerHarness } from '../testing/ledger-harness.ts';

let harness: LedgerHarness;
beforeAll(async () => void (harness = await LedgerHarness.start()));
afterAll(() => harness.stop());

const refusals = (query: Partial<Parameters<LedgerHarness['ledger']['queries']['refusals']>[0]>) =>
  harness.ledger.queries.refusals({ limit: 500, ...query });
const kept = (account: string, count: number) =>
  waitFor('the refusals', async () => {
    const { items } = await refusals({ account });
    let sum = 0;
    for (const item of items) sum += item.count;
    return sum >= count && items;
  });

it('are kept with what was asked, which bound refused, what was available, and the correlation id', async () => {
  await harness.ask('open', 'fam', {
    kind: 'metered',
    unit: 'u',
    settings: { limits: [{ amount: '10', period: 'calendar:month' }] },
  });
  await harness.ask('open', 'fam/a', { kind: 'wallet', unit: 'u', grant: '50' });
  await harness.send({
    ...harness.record('spend', 'fam/a', { amount: '11' }, { id: 'k1', keyed: true }),
    value: JSON.stringify({
      v: 1,
      type: 'spend',
      source: 'http:spend',
      id: 'k1',
      keyed: true,
      account: 'fam/a',
      correlation: 'corr-7',
      data: { amount: '11' },
    }),
  });
  const [item] = await kept('fam/a', 1);
  expect(item).toEqual({
    account: 'fam/a',
    refused_at: '2026-11-21T10:00:00.000Z',
    code: 'ALLOWANCE_EXHAUSTED',
    detail: expect.stringContaining('the budget of fam has 10'),
    limit: { account: 'fam', limit: '10', period: 'calendar:month' },
    asked: '11',
    available: '10',
    resets_at: '2026-12-01T00:00:00.000Z',
    source: 'http:spend',
    request_id: 'k1',
    type: 'spend',
    correlation_id: 'corr-7',
    answered: true,
    count: 1,
  });
  expect((await refusals({ account: 'fam' })).items).toEqual([]);
  expect((await refusals({ account: 'fam', under: true })).items).toHaveLength(1);
  expect((await refusals({ account: 'fam/a', code: 'ACCOUNT_SUSPENDED' })).items).toEqual([]);
});

it('of events nobody waited for are among them; of accounts that do not exist only those', async () => {
  await harness.ask('open', 'poor', { kind: 'wallet', unit: 'u' });
  await harness.log.append([
    harness.record('spend', 'poor', { amount: '1' }, { id: 'e1', source: 'ce:/s' }),
    harness.record('spend', 'nobody', { amount: '1' }, { id: 'e2', source: 'ce:/s' }),
  ]);
  await harness.ask('spend', 'poor', { amount: '2' });
  await harness.ask('spend', 'nobody', { amount: '2' });
  const items = await kept('poor', 2);
  expect(items.map(({ asked = '', answered, source }) => `${asked} ${answered} ${source}`).sort()).toEqual([
    ' false ce:/s',
    '2 true http:spend',
  ]);
  expect((await kept('nobody', 1)).map(({ request_id: id, answered }) => `${id} ${answered}`)).toEqual(['e2 false']);
});

// Guarantee: a client that is refused all day neither fills the disk nor hides the other refusals of the account.
it('are bounded an account, and counted beyond; pages lead through all', async () => {
  await harness.ask('open', 'flood', { kind: 'wallet', unit: 'u' });
  await Promise.all(Array.from({ length: 300 }, () => harness.ask('spend', 'flood', { amount: '1' })));
  const items = await kept('flood', 300);
  const whole = items.filter(({ count }) => count === 1).length;
  expect([whole <= 61 && whole >= 60, items.reduce((sum, { count }) => sum + count, 0)]).toEqual([true, 300]);
  const seen: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await refusals({ account: 'flood', limit: 7, ...(after === undefined ? {} : { after }) });
    seen.push(...page.items.map(({ request_id: id }) => id));
    if (page.next === null) break;
    after = page.next;
  }
  expect([seen.length, new Set(seen).size]).toEqual([items.length, items.length]);
  await expect(refusals({ after: 'x' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
});

it('are kept 1,000 an account, whatever comes', async () => {
  await harness.ask('open', 'busy', { kind: 'wallet', unit: 'u' });
  for (let minute = 0; minute < 25; minute++) {
    await Promise.all(Array.from({ length: 50 }, () => harness.ask('spend', 'busy', { amount: '1' })));
    await harness.advance(61_000);
  }
  await waitFor('the oldest to be trimmed', async () => {
    const [row] = await harness.rows<{ n: number }>(
      "select count(*)::int as n from ledger.answered_refusals where account = 'busy'",
    );
    return row!.n >= 1_000 && row!.n < 1_100;
  });
});
