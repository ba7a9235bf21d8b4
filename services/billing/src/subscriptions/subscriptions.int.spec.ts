import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { MoneyHarness } from '../testing/money-harness.ts';

/** The library itself repeats a call whose connection was closed, once, under its key. */
const repeatsOfDrops = 2;

let money: MoneyHarness;
beforeAll(async () => void (money = await MoneyHarness.start()));
afterEach(async () => {
  money.fault = undefined;
  await money.stopBilling();
});
afterAll(() => money?.stop());

const payWith = async (userId: string, method: string): Promise<string> => {
  const billing = await money.billing();
  const { customer_id: customer } = await billing.queries.putCustomer({ user_id: userId, payment_method: method });
  await money.stopBilling();
  return customer;
};

describe('subscriptions', () => {
  it('are one, with one product and one price, however many ask two instances at once', async () => {
    const customer = await payWith('subscriber', 'pm_card_visa');
    const instances = [await money.billing(), await money.billing()];
    const asked = await Promise.allSettled(
      Array.from({ length: 6 }, (_, i) => instances[i % 2]!.queries.createSubscription({ customer_id: customer })),
    );
    const ids = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value.subscription.subscription_id] : []));
    expect(asked.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(new Set(ids).size).toBe(1);
    const counted = await money.admin.query<{ kind: string; count: number }>(
      `select kind, count(*)::int as count from stripe_simulator.objects where kind in ('product', 'price',
        'subscription', 'invoice') group by 1 order by 1`,
    );
    expect(counted.rows).toEqual(['invoice', 'price', 'product', 'subscription'].map((kind) => ({ kind, count: 1 })));
  });

  it('survive an answer that got lost', async () => {
    const customer = await payWith('lost-answer', 'pm_card_visa');
    const billing = await money.billing();
    let faults = repeatsOfDrops;
    money.fault = ({ path, method }) =>
      method === 'POST' && path === '/v1/subscriptions' && faults-- > 0 ? { when: 'after', what: 'drop' } : undefined;
    await expect(billing.queries.createSubscription({ customer_id: customer })).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'STRIPE_UNAVAILABLE',
    });
    const { subscription } = await billing.queries.createSubscription({ customer_id: customer, key: 'k' });
    expect(subscription).toMatchObject({ status: 'active', amount_minor: '40000' });
    const { rows } = await money.admin.query(
      `select id from stripe_simulator.objects where kind = 'subscription' and customer = $1`,
      [customer],
    );
    expect(rows).toEqual([{ id: subscription.subscription_id }]);
  });
});
