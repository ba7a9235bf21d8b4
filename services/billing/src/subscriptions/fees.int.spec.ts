import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { RunningBilling } from '../index.ts';
import { MoneyHarness } from '../testing/money-harness.ts';

let money: MoneyHarness;
beforeAll(async () => void (money = await MoneyHarness.start()));
afterEach(async () => {
  money.fault = undefined;
  await money.stopBilling();
});
afterAll(() => money?.stop());

const put = async (billing: RunningBilling, user: string, method?: string): Promise<string> =>
  (await billing.queries.putCustomer({ user_id: user, ...(method === undefined ? {} : { payment_method: method }) }))
    .customer_id;
/** The customer's subscription in the books, and its invoices in the books and at Stripe, each as status and amount. */
async function feesOf(customer: string): Promise<unknown> {
  const {
    rows: [books],
  } = await money.admin.query<{ status: string; pay_at: Date | null }>(
    'select status, pay_at from billing.subscriptions where customer_id = $1',
    [customer],
  );
  const { rows: kept } = await money.admin.query<{ shown: string }>(
    `select status || ' ' || amount_minor as shown from billing.invoices where customer_id = $1 order by period_start`,
    [customer],
  );
  const { rows: there } = await money.admin.query<{ shown: string }>(
    `select (body ->> 'status') || ' ' || (body ->> 'amount_paid') as shown from stripe_simulator.objects
      where kind = 'invoice' and customer = $1 order by position`,
    [customer],
  );
  return {
    status: books?.status,
    waits: books?.pay_at != null,
    books: kept.map(({ shown }) => shown),
    stripe: there.map(({ shown }) => shown),
  };
}
const becomes = (customer: string, expected: object): Promise<unknown> =>
  waitFor(
    'the fee',
    async () => {
      expect(await feesOf(customer)).toEqual(expected);
      return true;
    },
    20_000,
  );
const paidOnce = { status: 'active', waits: false, books: ['paid 40000'], stripe: ['paid 40000'] };

describe('a fee that could not be paid', () => {
  it.each([
    ['nothing', undefined, 'open'],
    ['a card that is declined', 'pm_card_chargeDeclined', 'failed'],
  ])('with %s is due, and paid once a payment method comes', async (name, method, due) => {
    const user = `late-${name}`;
    const billing = await money.billing();
    const customer = await put(billing, user, method);
    expect((await billing.queries.createSubscription({ customer_id: customer })).subscription).toMatchObject({
      status: 'incomplete',
    });
    await put(billing, user, 'pm_card_chargeDeclined');
    await becomes(customer, { status: 'incomplete', waits: false, books: [`${due} 40000`], stripe: ['open 0'] });
    await put(billing, user, 'pm_card_visa');
    await becomes(customer, paidOnce);
  });

  // Guarantee: who could not pay and now can is not forgotten by a restart, and pays once although the answer got lost.
  it('is paid once by the next process, when the first one died over an answer that got lost', async () => {
    const billing = await money.billing();
    const customer = await put(billing, 'restarted');
    await billing.queries.createSubscription({ customer_id: customer });
    let lost = 0;
    money.fault = ({ method, path }) =>
      method === 'POST' && path.endsWith('/pay') && lost++ < 20 ? { when: 'after', what: 'drop' } : undefined;
    await put(billing, 'restarted', 'pm_card_visa');
    await waitFor('the lost answer', () => Promise.resolve(lost >= 2));
    await money.stopBilling();
    expect(await feesOf(customer)).toEqual({
      status: 'incomplete',
      waits: true,
      books: ['open 40000'],
      stripe: ['paid 40000'],
    });
    money.fault = undefined;
    money.clock.advance(60_000);
    await money.billing();
    await becomes(customer, paidOnce);
  });

  it('is not asked of a card that was replaced: from then on months are paid with the new one', async () => {
    const billing = await money.billing();
    const customer = await put(billing, 'replaced', 'pm_card_visa');
    await billing.queries.createSubscription({ customer_id: customer });
    await money.admin.query(
      `update stripe_simulator.objects set body = jsonb_set(body, '{simulated_outcome}',
        '{"ok": false, "code": "card_declined", "declineCode": "expired_card"}')
       where kind = 'payment_method' and customer = $1`,
      [customer],
    );
    await put(billing, 'replaced', 'pm_card_visa');
    money.clock.set(Date.UTC(2026, 11, 1, 0, 5));
    // Stripe tells of it in a webhook, which nobody delivers here.
    await becomes(customer, { ...paidOnce, stripe: ['paid 40000', 'paid 40000'] });
    const { rows } = await money.admin.query(
      `select 1 from stripe_simulator.events where body ->> 'type' = 'invoice.payment_failed'
        and body -> 'data' -> 'object' ->> 'customer' = $1`,
      [customer],
    );
    expect(rows).toEqual([]);
  });

  it('of a later month, past due, is paid by another card, by two instances once', async () => {
    const [billing] = [await money.billing(), await money.billing()];
    const customer = await put(billing, 'past-due', 'pm_card_visa');
    await billing.queries.createSubscription({ customer_id: customer });
    await money.admin.query(
      `update stripe_simulator.objects set body = jsonb_set(body, '{simulated_outcome}',
        '{"ok": false, "code": "card_declined", "declineCode": "generic_decline"}')
       where kind = 'payment_method' and customer = $1`,
      [customer],
    );
    money.clock.set(Date.UTC(2027, 0, 1, 0, 5));
    await waitFor('the refused renewal', async () => JSON.stringify(await feesOf(customer)).includes('"open 0"'));
    await put(billing, 'past-due', 'pm_card_visa');
    await becomes(customer, { ...paidOnce, books: ['paid 40000', 'paid 40000'], stripe: ['paid 40000', 'paid 40000'] });
    const { rows } = await money.admin.query(
      `select 1 from stripe_simulator.events where body ->> 'type' = 'invoice.paid' and body -> 'data' -> 'object' ->>
        'customer' = $1`,
      [customer],
    );
    expect(rows).toHaveLength(2);
  });
});
