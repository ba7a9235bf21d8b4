import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { FeeView } from '@tollgate/contracts';
import { waitFor } from '@tollgate/testing';

import type { RunningBilling } from '../index.ts';
import { stripeClient } from '../stripe/stripe-client.ts';
import { MoneyHarness } from '../testing/money-harness.ts';

let money: MoneyHarness;
beforeAll(async () => void (money = await MoneyHarness.start()));
afterEach(() => money.stopBilling());
afterAll(() => money?.stop());

const by = 'dana@example.com';
const december = Date.UTC(2026, 11, 1, 0, 5);
const declined = '{"ok": false, "code": "card_declined", "declineCode": "generic_decline"}';
const put = async (billing: RunningBilling, user: string, method?: string): Promise<string> =>
  (await billing.queries.putCustomer({ user_id: user, ...(method === undefined ? {} : { payment_method: method }) }))
    .customer_id;
const invoicesOf = async (customer: string): Promise<readonly { readonly id: string; readonly shown: string }[]> =>
  (
    await money.admin.query<{ id: string; shown: string }>(
      `select id, (body ->> 'status') || ' ' || (body ->> 'amount_due') as shown from stripe_simulator.objects
        where kind = 'invoice' and customer = $1 order by position`,
      [customer],
    )
  ).rows;
const atStripe = async (customer: string): Promise<readonly string[]> =>
  (await invoicesOf(customer)).map(({ shown }) => shown);
const feesOf = async (billing: RunningBilling, user: string): Promise<readonly FeeView[]> =>
  (await billing.queries.listFees({ offset: 0, limit: 100, user_id: user })).items;
const shown = (fees: readonly FeeView[]): readonly string[] =>
  fees.map(
    ({ status, amount_minor: amount, currency, period_start: at }) =>
      `${at.slice(0, 7)} ${status} ${amount} ${currency}`,
  );
/** What the reconciliation of a month finds of invoices, and with `fix` does about it. */
async function reconcile(billing: RunningBilling, period: string, fix: boolean): Promise<readonly string[]> {
  const { id } = await billing.queries.startReconciliation({ period, fix, wait_ms: 30_000 });
  const found = await billing.queries.reconciliation({ id, limit: 1_000 });
  return found!.differences.map(({ kind, reference, outcome }) => [kind, reference, outcome].filter(Boolean).join(' '));
}
/**
 * A customer who pays November, and whose card will be declined as December begins. No message of Stripe's comes
 * through here.
 */
async function subscribeOwing(billing: RunningBilling, user: string): Promise<string> {
  money.clock.set(Math.max(money.clock.nowMs(), Date.UTC(2026, 10, 20)));
  const customer = await put(billing, user, 'pm_card_visa');
  await billing.queries.createSubscription({ customer_id: customer });
  await money.admin.query(
    `update stripe_simulator.objects set body = jsonb_set(body, '{simulated_outcome}', $2)
      where kind = 'payment_method' and customer = $1`,
    [customer, declined],
  );
  return customer;
}
/** Ends the subscription once December could not be paid; the invoice of December. */
async function end(customer: string): Promise<string> {
  await waitFor(
    'the refused renewal',
    async () => (await atStripe(customer)).join() === 'paid 40000,open 40000',
    20_000,
  );
  const {
    rows: [subscription],
  } = await money.admin.query<{ id: string }>(
    `select id from stripe_simulator.objects where kind = 'subscription' and customer = $1`,
    [customer],
  );
  await stripeClient(money.stripe).subscriptions.cancel(subscription!.id);
  await money.admin.query(`update billing.subscriptions set status = 'canceled' where customer_id = $1`, [customer]);
  return (await invoicesOf(customer))[1]!.id;
}

describe('the fee of a subscription that has ended', () => {
  const users = ['card', 'retry', 'void', 'given-up', 'anew'] as const;
  const customers = new Map<string, string>();
  const invoices = new Map<string, string>();

  it('is missed by reconcile where the books lost it, and stands as due once taken in', async () => {
    const billing = await money.billing();
    for (const user of users) customers.set(user, await subscribeOwing(billing, user));
    money.clock.set(december);
    for (const user of users) invoices.set(user, await end(customers.get(user)!));
    const of = users.map((user) => `invoice_missing ${invoices.get(user)}`);
    expect(await reconcile(billing, '2026-12', false)).toEqual(expect.arrayContaining(of));
    expect(await reconcile(billing, '2026-12', true)).toEqual(
      expect.arrayContaining(of.map((each) => `${each} fixed`)),
    );
    expect(await reconcile(billing, '2026-12', false)).toEqual([]);
    for (const user of users) expect(shown(await feesOf(billing, user))[0]).toBe('2026-12 failed 40000 BRL');
  });

  it('is paid by a card that comes later', async () => {
    const billing = await money.billing();
    await put(billing, 'card', 'pm_card_visa');
    await waitFor('the fee', async () => shown(await feesOf(billing, 'card'))[0] === '2026-12 paid 40000 BRL', 20_000);
    expect(await atStripe(customers.get('card')!)).toEqual(['paid 40000', 'paid 40000']);
  });

  // Guarantee: a month is asked for once, however many subscriptions a customer has in it.
  it('is not asked for again by another subscription of the same month', async () => {
    const billing = await money.billing();
    const customer = await put(billing, 'anew', 'pm_card_visa');
    await billing.queries.createSubscription({ customer_id: customer });
    await waitFor('the fee', async () => shown(await feesOf(billing, 'anew'))[0] === '2026-12 paid 40000 BRL', 20_000);
    expect(await atStripe(customer)).toEqual(['paid 40000', 'paid 40000', 'paid 0']);
    money.clock.set(Date.UTC(2027, 0, 1, 0, 5));
    await waitFor('January', async () => (await atStripe(customer)).length === 4, 20_000);
    expect(await atStripe(customer)).toEqual(['paid 40000', 'paid 40000', 'paid 0', 'paid 40000']);
  });

  it('is tried again when finance says so, and says when there is nothing to try or to pay with', async () => {
    const billing = await money.billing();
    const invoice = invoices.get('retry')!;
    expect(await billing.queries.retryFee({ invoice, by })).toMatchObject({
      status: 'failed',
      decided: { what: 'retried', by },
    });
    await money.admin.query(
      `update stripe_simulator.objects set body = jsonb_set(body, '{simulated_outcome}', '{"ok": true}')
        where kind = 'payment_method' and customer = $1`,
      [customers.get('retry')],
    );
    const paid = await Promise.allSettled([
      billing.queries.retryFee({ invoice, by }),
      billing.queries.retryFee({ invoice, by }),
    ]);
    expect(paid.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(shown(await feesOf(billing, 'retry'))[0]).toBe('2026-12 paid 40000 BRL');
    expect(await atStripe(customers.get('retry')!)).toEqual(['paid 40000', 'paid 40000']);
    await expect(billing.queries.retryFee({ invoice, by })).rejects.toMatchObject({
      code: 'FEE_NOT_DUE',
      message: 'The fee is paid',
    });
    await expect(billing.queries.writeOffFee({ invoice, by, how: 'void', reason: 'too late' })).rejects.toMatchObject({
      code: 'FEE_NOT_DUE',
    });
    expect(await billing.queries.retryFee({ invoice: 'in_unknown', by })).toBeNull();
  });

  it(
    'ends voided or given up, at Stripe and in the books, with who and why; a given-up one can still be paid, ' +
      'a voided one never',
    async () => {
      const billing = await money.billing();
      const [voided, givenUp] = [invoices.get('void')!, invoices.get('given-up')!];
      expect(
        await billing.queries.writeOffFee({ invoice: voided, by, how: 'void', reason: 'never used' }),
      ).toMatchObject({ status: 'voided', decided: { what: 'voided', by, reason: 'never used' } });
      expect(
        await billing.queries.writeOffFee({ invoice: givenUp, by, how: 'uncollectible', reason: 'insolvent' }),
      ).toMatchObject({ status: 'uncollectible' });
      expect([(await atStripe(customers.get('void')!))[1], (await atStripe(customers.get('given-up')!))[1]]).toEqual([
        'void 40000',
        'uncollectible 40000',
      ]);
      await expect(
        billing.queries.writeOffFee({ invoice: givenUp, by, how: 'uncollectible', reason: 'again' }),
      ).rejects.toMatchObject({ code: 'FEE_NOT_DUE' });
      // Another card pays neither by itself; a person's retry pays what was given up.
      await put(billing, 'void', 'pm_card_visa');
      await put(billing, 'given-up', 'pm_card_visa');
      await expect(billing.queries.retryFee({ invoice: voided, by })).rejects.toMatchObject({
        code: 'FEE_NOT_DUE',
        message: 'The fee is voided',
      });
      expect(shown(await feesOf(billing, 'given-up'))[0]).toBe('2026-12 uncollectible 40000 BRL');
      expect(await billing.queries.retryFee({ invoice: givenUp, by })).toMatchObject({ status: 'paid' });
      const found = (await reconcile(billing, '2026-12', false)).join();
      expect([found.includes(voided), found.includes(givenUp)]).toEqual([false, false]);
    },
  );
});
