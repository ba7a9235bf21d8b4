import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { MoneyHarness } from '../testing/money-harness.ts';

let money: MoneyHarness;
beforeAll(async () => void (money = await MoneyHarness.start()));
afterEach(async () => {
  money.fault = undefined;
  await money.stopBilling();
});
afterAll(() => money?.stop());

const january = Date.UTC(2027, 0, 1);
/** A plan whose second version, with another fee, is in force from January on. */
const dearer =
  (name: string, fees: readonly [string, string], currency = 'BRL') =>
  (atMs: number) => ({ name, version: atMs < january ? 1 : 2, fixed_fee: fees[atMs < january ? 0 : 1], currency });
/** Each invoice of a customer at Stripe: status, amount, currency. */
const invoicesOf = async (customer: string): Promise<readonly string[]> =>
  (
    await money.admin.query<{ shown: string }>(
      `select (body ->> 'status') || ' ' || (body ->> 'amount_due') || ' ' || (body ->> 'currency') as shown
        from stripe_simulator.objects
   where kind = 'invoice' and customer = $1 order by position`,
      [customer],
    )
  ).rows.map(({ shown }) => shown);
const priceOf = async (customer: string): Promise<string | undefined> =>
  (
    await money.admin.query<{ price: string }>(
      `select body #>> '{items,data,0,price,unit_amount}' as price from stripe_simulator.objects
        where kind = 'subscription' and customer = $1`,
      [customer],
    )
  ).rows[0]?.price;
const subscribe = async (user: string): Promise<string> => {
  const billing = await money.billing();
  const { customer_id: customer } = await billing.queries.putCustomer({
    user_id: user,
    payment_method: 'pm_card_visa',
  });
  await billing.queries.createSubscription({ customer_id: customer });
  return customer;
};
const passTo = async (ms: number, customer: string, invoices: number): Promise<void> => {
  money.clock.set(ms);
  await waitFor('the invoice', async () => (await invoicesOf(customer)).length === invoices);
};

describe('the fee of a running subscription', () => {
  // Guarantee: a monthly customer pays what the plan says as each month begins, no later and no earlier.
  it('follows the plan version in force as each period begins', async () => {
    money.plans.set('metered:dearer', dearer('pro', ['30000', '45000']));
    const customer = await subscribe('dearer');
    expect(await invoicesOf(customer)).toEqual(['paid 30000 brl']);
    await passTo(Date.UTC(2026, 11, 1, 0, 5), customer, 2);
    // December still costs what it did; the price of January is set within December.
    await waitFor('the price of January', async () => (await priceOf(customer)) === '45000');
    expect(await invoicesOf(customer)).toEqual(['paid 30000 brl', 'paid 30000 brl']);
    await passTo(Date.UTC(2027, 0, 1, 0, 5), customer, 3);
    expect(await invoicesOf(customer)).toEqual(['paid 30000 brl', 'paid 30000 brl', 'paid 45000 brl']);
  });

  it('is set once more by the next process, when the first one died before it knew of it', async () => {
    money.clock.set(Date.UTC(2027, 1, 2));
    const at = Date.UTC(2027, 2, 1);
    money.plans.set('metered:crash', (atMs) => ({
      name: 'pro',
      version: atMs < at ? 1 : 2,
      fixed_fee: atMs < at ? '100' : '200',
      currency: 'BRL',
    }));
    let lost = 0;
    money.fault = ({ method, path }) =>
      method === 'POST' && /subscriptions\/sub_/.test(path)
        ? { when: lost++ < 3 ? 'before' : 'after', what: 'drop' }
        : undefined;
    const customer = await subscribe('crash');
    await waitFor('lost answers', () => Promise.resolve(lost >= 4), 30_000);
    await money.stopBilling();
    money.fault = undefined;
    await money.billing();
    await waitFor(
      'the price',
      async () =>
        (
          await money.admin.query(
            'select 1 from billing.subscriptions where customer_id = $1 and amount_minor = 200 and plan_version = 2',
            [customer],
          )
        ).rowCount === 1,
    );
    expect(await priceOf(customer)).toBe('200');
    await passTo(Date.UTC(2027, 2, 1, 0, 5), customer, 2);
    expect(await invoicesOf(customer)).toEqual(['paid 100 brl', 'paid 200 brl']);
  });

  it(
    'is that of the plan of whom the customer pays for, in its currency; a plan in another currency is told, ' +
      'and changes nothing',
    async () => {
      money.clock.set(Date.UTC(2027, 4, 2));
      money.plans.set('metered:dollars', () => ({ name: 'usd', version: 1, fixed_fee: '999', currency: 'USD' }));
      const customer = await subscribe('dollars');
      expect(await invoicesOf(customer)).toEqual(['paid 999 usd']);
      money.plans.set('metered:dollars', () => ({ name: 'eur', version: 1, fixed_fee: '999', currency: 'EUR' }));
      await passTo(Date.UTC(2027, 5, 1, 0, 5), customer, 2);
      expect(await invoicesOf(customer)).toEqual(['paid 999 usd', 'paid 999 usd']);
    },
  );
});
