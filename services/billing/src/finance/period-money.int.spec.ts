import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { RunningBilling } from '../index.ts';
import { stripeClient } from '../stripe/stripe-client.ts';
import { MoneyHarness } from '../testing/money-harness.ts';

let money: MoneyHarness;
beforeAll(async () => void (money = await MoneyHarness.start()));
afterEach(() => money.stopBilling());
afterAll(() => money?.stop());

/** November of a user: totals, and how many charges are cancelled and settled. */
async function november(billing: RunningBilling, user: string): Promise<unknown> {
  const {
    totals,
    cancelled_charges: cancelled,
    settled_charges: settled,
  } = await billing.queries.periodMoney({ user_id: user, from: '2026-11-01T00:00:00Z', to: '2026-12-01T00:00:00Z' });
  return [
    ...totals.map(({ currency, ...figures }) => ({
      currency,
      ...Object.fromEntries(Object.entries(figures).filter(([, amount]) => amount !== '0')),
    })),
    cancelled.length,
    settled.length,
  ];
}
const becomes = (billing: RunningBilling, user: string, expected: readonly unknown[]): Promise<unknown> =>
  waitFor(
    'the figures',
    async () => {
      expect(await november(billing, user)).toEqual(expected);
      return true;
    },
    20_000,
  );

describe('what a month came to', () => {
  // Guarantee: each cent of a month is in one figure, and none of two currencies is added to another.
  it('is told by what was paid, is due, was credited and went back, for each currency', async () => {
    const billing = await money.billing();
    await becomes(billing, 'payer', [0, 0]);
    const { customer_id: customer } = await billing.queries.putCustomer({
      user_id: 'payer',
      payment_method: 'pm_card_visa',
    });
    // The fee: 400.00 in full at once. Without a webhook, the books have it once a payment method is told.
    await billing.queries.createSubscription({ customer_id: customer });
    await billing.queries.putCustomer({ user_id: 'payer', payment_method: 'pm_card_visa' });
    await becomes(billing, 'payer', [{ currency: 'BRL', fee_paid: '40000' }, 0, 0]);
    // Two blocks of 100.00: both paid, the second is corrected away.
    await money.log.append([money.crossing('payer', 1), money.crossing('payer', 2)]);
    await becomes(billing, 'payer', [{ currency: 'BRL', fee_paid: '40000', blocks_paid: '20000' }, 0, 2]);
    await money.log.append([money.crossing('payer', 2, { type: 'TierBlockLeft' })]);
    await becomes(billing, 'payer', [
      { currency: 'BRL', fee_paid: '40000', blocks_paid: '20000', credited: '10000' },
      0,
      2,
    ]);
    const {
      items: [refund],
    } = await billing.queries.listRefunds({ offset: 0, limit: 10, user_id: 'payer' });
    await billing.queries.approveRefund({ id: refund!.id, by: 'dana@example.com' });
    await becomes(billing, 'payer', [
      {
        currency: 'BRL',
        fee_paid: '40000',
        blocks_paid: '20000',
        credited: '10000',
        credited_back: '10000',
        refunded: '10000',
      },
      0,
      2,
    ]);
    // A fee in another currency that nobody paid.
    await money.admin.query(
      `insert into billing.invoices (invoice_id, subscription_id, customer_id, status, amount_minor, currency,
        period_start, told_at)
      values ('in_usd', 'sub_usd', $1, 'failed', 3000, 'USD', '2026-11-05', now())`,
      [customer],
    );
    await becomes(billing, 'payer', [
      {
        currency: 'BRL',
        fee_paid: '40000',
        blocks_paid: '20000',
        credited: '10000',
        credited_back: '10000',
        refunded: '10000',
      },
      { currency: 'USD', fee_due: '3000' },
      0,
      2,
    ]);
    // Another month knows nothing of it.
    const december = await billing.queries.periodMoney({
      user_id: 'payer',
      from: '2026-12-01T00:00:00Z',
      to: '2027-01-01T00:00:00Z',
    });
    expect(december).toEqual({ totals: [], cancelled_charges: [], settled_charges: [] });
  });

  it('counts what somebody refunded at Stripe for no credit as refunded alone', async () => {
    const billing = await money.billing();
    await billing.queries.putCustomer({ user_id: 'by-hand', payment_method: 'pm_card_visa' });
    await money.log.append([money.crossing('by-hand', 1)]);
    await becomes(billing, 'by-hand', [{ currency: 'BRL', blocks_paid: '10000' }, 0, 1]);
    const {
      rows: [charge],
    } = await money.admin.query<{ payment_intent: string }>(
      `select payment_intent from billing.charges where user_id = 'by-hand'`,
    );
    await stripeClient(money.stripe).refunds.create({ payment_intent: charge!.payment_intent, amount: 4_000 });
    await billing.queries.startReconciliation({ period: '2026-11', fix: true, wait_ms: 30_000 });
    await becomes(billing, 'by-hand', [{ currency: 'BRL', blocks_paid: '10000', refunded: '4000' }, 0, 1]);
  });
});
