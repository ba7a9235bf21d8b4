import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { MoneyHarness } from '../testing/money-harness.ts';

let money: MoneyHarness;
beforeAll(async () => void (money = await MoneyHarness.start()));
afterAll(() => money?.stop());

// Guarantee: another program on this machine pays nothing in the simulator, whose payments the platform believes.
it('takes its own API key and no other', async () => {
  const { secretKey, apiBase } = money.stripe;
  const call = async (authorization?: string): Promise<number> =>
    (
      await fetch(`${apiBase}/v1/customers`, {
        method: 'POST',
        headers: authorization === undefined ? {} : { authorization },
      })
    ).status;
  const basic = (user: string): string => `Basic ${Buffer.from(user).toString('base64')}`;
  for (const wrong of [
    undefined,
    'Bearer sk_test_simulator',
    'Bearer x',
    `Bearer ${secretKey}x`,
    `Bearer ${secretKey.slice(0, -1)}`,
    `bearer`,
    basic('sk_test_x:'),
    basic(`:${secretKey}`),
  ]) {
    expect([wrong, await call(wrong)]).toEqual([wrong, 401]);
  }
  expect([await call(`Bearer ${secretKey}`), await call(basic(`${secretKey}:`))]).toEqual([200, 200]);
  const { rows } = await money.admin.query<{ n: number }>(
    "select count(*)::int as n from stripe_simulator.objects where kind = 'customer'",
  );
  expect(rows).toEqual([{ n: 2 }]);
});
