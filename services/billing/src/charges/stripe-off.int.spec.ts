import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';
import Stripe from 'stripe';

import { readConfig } from '../config.ts';
import { MoneyHarness } from '../testing/money-harness.ts';

let money: MoneyHarness;
beforeAll(async () => void (money = await MoneyHarness.start()));
afterEach(() => money.stopBilling());
afterAll(() => money?.stop());

const chargeOf = async (id: string) =>
  (
    await money.admin.query<{ status: string; reason: string | null; attempts: number }>(
      'select status, reason, attempts from billing.charges where id = $1',
      [id],
    )
  ).rows[0];

describe('while Stripe is off', () => {
  // Guarantee: what compose starts with charges nobody, loses no charge, and takes nobody's word for a payment.
  it('charges stay pending and say so, a forged webhook pays nothing, and all is paid once it is on', async () => {
    const on = await money.billing();
    await on.queries.putCustomer({ user_id: 'u', payment_method: 'pm_card_visa' });
    await money.stopBilling();

    const off = await money.billing('off');
    await money.log.append([money.crossing('u', 1)]);
    const id = money.chargeId('u', 1);
    await waitFor('the charge to wait', async () => (await chargeOf(id))?.reason === 'stripe_off');
    expect(await chargeOf(id)).toEqual({ status: 'pending', reason: 'stripe_off', attempts: 0 });
    expect(await off.queries.chargeStatuses({ ids: [id] })).toEqual([{ id, status: 'pending' }]);

    const payload = JSON.stringify({
      id: 'evt_forged',
      type: 'payment_intent.succeeded',
      created: Math.floor(Date.now() / 1000),
      data: {
        object: {
          id: 'pi_forged',
          currency: 'brl',
          amount: 10_000,
          amount_received: 10_000,
          status: 'succeeded',
          metadata: { charge_id: id },
        },
      },
    });
    for (const secret of ['whsec_not_set', '', 'whsec_']) {
      const signature = new Stripe('sk_test_x').webhooks.generateTestHeaderString({ payload, secret });
      await expect(off.queries.stripeWebhook({ payload, signature })).rejects.toMatchObject({
        kind: 'unavailable',
        code: 'STRIPE_OFF',
      });
    }
    await expect(off.queries.putCustomer({ user_id: 'v' })).rejects.toMatchObject({ code: 'STRIPE_OFF' });
    await expect(off.queries.createSubscription({ customer_id: 'cus_1' })).rejects.toMatchObject({
      code: 'STRIPE_OFF',
    });
    await expect(off.queries.startReconciliation({})).rejects.toMatchObject({ code: 'STRIPE_OFF' });
    expect(await off.queries.retryCharge({ id, by: 'admin' })).toMatchObject({ status: 'pending' });
    await waitFor('the charge to wait again', async () => (await chargeOf(id))?.reason === 'stripe_off');
    expect(await money.intents()).toEqual([]);
    await money.stopBilling();

    await money.billing();
    await waitFor('the payment', async () => (await chargeOf(id))?.status === 'succeeded');
    expect(await money.intents()).toMatchObject([{ status: 'succeeded', amount: 10_000, metadata: { charge_id: id } }]);
  });
});

describe('the settings of billing', () => {
  const others = {
    KAFKA_BROKERS: 'k:1',
    DATABASE_URL: 'postgres://d/t',
    SERVICE_SECRET: 'sixteen characters',
    HEALTH_PORT: '1',
    LEDGER_ADDRESS: 'l:1',
    BILLING_ADDRESS: 'b:1',
  };

  it("need Stripe's keys, or to be told that it is off; both at once are refused", () => {
    expect(() => readConfig(others)).toThrow(
      /STRIPE_SECRET_KEY: is missing; without Stripe set STRIPE=off[^]*STRIPE_WEBHOOK_SECRET: is missing/,
    );
    expect(readConfig({ ...others, STRIPE: 'off' })).toMatchObject({ STRIPE: 'off' });
    expect(() => readConfig({ ...others, STRIPE: 'off', STRIPE_SECRET_KEY: 'sk_test_1234' })).toThrow(
      'STRIPE: is off while STRIPE_SECRET_KEY is set',
    );
    expect(() =>
      readConfig({ ...others, STRIPE_SECRET_KEY: 'sk_test_not_set', STRIPE_WEBHOOK_SECRET: 'whsec_not_set' }),
    ).toThrow(/STRIPE_SECRET_KEY: is a placeholder[^]*STRIPE_WEBHOOK_SECRET: is a placeholder/);
  });
});
