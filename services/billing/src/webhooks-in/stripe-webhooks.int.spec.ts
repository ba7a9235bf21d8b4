import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';
import Stripe from 'stripe';

import { MoneyHarness } from '../testing/money-harness.ts';

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
const intentsOf = async (chargeId: string) =>
  (await money.intents()).filter(({ metadata }) => metadata.charge_id === chargeId);
const chargeOf = async (id: string) =>
  (
    await money.admin.query<{ status: string; reason: string | null; attempts: number; next_try_at: Date | null }>(
      'select * from billing.charges where id = $1',
      [id],
    )
  ).rows[0];

describe('webhooks', () => {
  const signed = (payload: string, secret = money.webhookSecret, timestamp?: number) => ({
    payload,
    signature: Stripe.webhooks.generateTestHeaderString({
      payload,
      secret,
      ...(timestamp === undefined ? {} : { timestamp }),
    }),
  });
  const inboxSize = async (): Promise<number> =>
    (await money.admin.query<{ count: number }>('select count(*)::int as count from billing.stripe_events')).rows[0]!
      .count;

  it('that Stripe did not sign, or not lately, are refused and leave nothing', async () => {
    const billing = await money.billing();
    const payload = JSON.stringify({
      id: 'evt_forged',
      object: 'event',
      type: 'payment_intent.succeeded',
      created: 1,
      data: { object: {} },
    });
    const before = await inboxSize();
    const nowS = Math.floor(Date.now() / 1000);
    const forged = [
      signed(payload, 'whsec_another'),
      signed(payload, money.webhookSecret, nowS - 301),
      { ...signed(payload), payload: `${payload} ` },
      { payload, signature: '' },
      ...['null', '7', '[]', '{}'].map((nothing) => signed(nothing)),
    ];
    for (const webhook of forged) {
      await expect(billing.queries.stripeWebhook(webhook)).rejects.toMatchObject({
        kind: 'invalid',
        code: 'SIGNATURE_INVALID',
      });
    }
    expect(await inboxSize()).toBe(before);
    expect(await billing.queries.stripeWebhook(signed(payload, money.webhookSecret, nowS - 290))).toEqual({
      duplicate: false,
    });
    expect(await billing.queries.stripeWebhook(signed(payload))).toEqual({ duplicate: true });
    expect(await inboxSize()).toBe(before + 1);
  });

  // Guarantee: Stripe delivers late, twice and in any order; what was paid stays paid (rule 27).
  it('in any order and any number leave what was paid paid', async () => {
    await payWith('reordered', 'pm_card_chargeDeclined');
    const billing = await money.billing();
    const start = (await money.events()).length;
    const id = money.chargeId('reordered', 1);
    await money.log.append([money.crossing('reordered', 1)]);
    await waitFor('the refusal', async () => (await chargeOf(id))?.status === 'failed');
    await billing.queries.putCustomer({ user_id: 'reordered', payment_method: 'pm_card_visa' });
    await waitFor('the payment', async () => (await chargeOf(id))?.status === 'succeeded');
    const told = (await money.events()).slice(start);
    expect(told.length).toBeGreaterThanOrEqual(3);
    for (const payload of [...told].reverse().concat(told)) await billing.queries.stripeWebhook(signed(payload));
    expect(await chargeOf(id)).toMatchObject({ status: 'succeeded', attempts: 2 });
    expect(await intentsOf(id)).toHaveLength(1);
  });

  it('tell of a payment whose call was never answered', async () => {
    await payWith('told', 'pm_card_visa');
    const billing = await money.billing();
    const id = money.chargeId('told', 1);
    money.fault = ({ path }) => (path.startsWith('/v1/payment_intents') ? { when: 'after', what: 'drop' } : undefined);
    await money.log.append([money.crossing('told', 1)]);
    await waitFor('the payment at Stripe', async () => (await intentsOf(id)).length === 1);
    await waitFor('the unanswered call', async () => (await chargeOf(id))?.reason === 'no_answer');
    expect(await chargeOf(id)).toMatchObject({ status: 'processing' });
    await billing.queries.stripeWebhook(signed((await money.events()).at(-1)!));
    expect(await chargeOf(id)).toMatchObject({ status: 'succeeded', next_try_at: null });
  });

  it('of types that nobody knows are kept and left alone', async () => {
    const billing = await money.billing();
    const payload = JSON.stringify({
      id: 'evt_unknown',
      object: 'event',
      type: 'galaxy.created',
      created: 1,
      data: { object: { id: 'x' } },
    });
    expect(await billing.queries.stripeWebhook(signed(payload))).toEqual({ duplicate: false });
    const { rows } = await money.admin.query('select type, outcome from billing.stripe_events where id = $1', [
      'evt_unknown',
    ]);
    expect(rows).toEqual([{ type: 'galaxy.created', outcome: 'ignored' }]);
  });
});
