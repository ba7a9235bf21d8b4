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

type Row = {
  readonly status: string;
  readonly reason: string | null;
  readonly payment_intent: string | null;
  readonly next_try_at: Date | null;
};
const chargeOf = async (id: string): Promise<Row | undefined> =>
  (await money.admin.query<Row>('select * from billing.charges where id = $1', [id])).rows[0];
/** The payment of a charge becomes one of another sum at Stripe, and is paid. */
const changeAtStripe = async (id: string, amount: number, currency: string): Promise<string> => {
  const {
    rows: [row],
  } = await money.admin.query<{ body: { id: string } }>(
    `update stripe_simulator.objects set body = body || jsonb_build_object('amount', $2::int, 'amount_received',
      $2::int, 'currency', $3::text, 'status', 'succeeded')
     where kind = 'payment_intent' and body -> 'metadata' ->> 'charge_id' = $1 returning body`,
    [id, amount, currency],
  );
  return JSON.stringify({
    id: `evt_${id}`,
    object: 'event',
    type: 'payment_intent.succeeded',
    created: Math.floor(money.clock.nowMs() / 1000),
    data: { object: row?.body },
  });
};
const others = [
  ['another amount', 9_999, 'brl'],
  ['another currency', 10_000, 'usd'],
] as const;

/**
 * It waits for a person: no card of anybody's is asked again, nothing makes it paid, and finance finds it in the
 * comparison.
 */
async function waitsForAPerson(user: string): Promise<void> {
  const id = money.chargeId(user, 1);
  const shown = { status: 'requires_action', reason: 'amount_differs', next_try_at: null };
  expect(await chargeOf(id)).toMatchObject(shown);
  const sent: string[] = [];
  money.fault = ({ method, path }) =>
    void (method === 'POST' && path.startsWith('/v1/payment_intents') && sent.push(path));
  const billing = await money.billing();
  await billing.queries.putCustomer({ user_id: user, payment_method: 'pm_card_visa' });
  expect(await billing.queries.retryCharge({ id, by: 'test' })).toMatchObject({ status: 'requires_action' });
  await waitFor('the look-up', async () => (await chargeOf(id))?.next_try_at === null);
  expect([await chargeOf(id), sent]).toEqual([expect.objectContaining(shown), []]);
  money.clock.advance(120_000);
  const { id: run } = await billing.queries.startReconciliation({ period: '2026-11', fix: true, wait_ms: 30_000 });
  const report = await billing.queries.reconciliation({ id: run, limit: 100 });
  expect(report?.differences.filter(({ charge_id: of }) => of === id)).toEqual([
    expect.objectContaining({
      kind: 'amount_differs',
      fix: null,
      proposal: expect.stringContaining('refund or charge the difference'),
    }),
  ]);
  expect(await chargeOf(id)).toMatchObject(shown);
}

// Guarantee: a charge is paid by its own amount in its own currency, or not at all.
describe('a payment', () => {
  it.each(others)('of %s that a webhook tells of does not pay the charge', async (name, amount, currency) => {
    const user = `told-${name}`;
    const billing = await money.billing();
    await billing.queries.putCustomer({ user_id: user, payment_method: 'pm_card_chargeDeclined' });
    await money.log.append([money.crossing(user, 1)]);
    const id = money.chargeId(user, 1);
    await waitFor('the refusal', async () => (await chargeOf(id))?.status === 'failed');
    const payload = await changeAtStripe(id, amount, currency);
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: money.webhookSecret });
    expect(await billing.queries.stripeWebhook({ payload, signature })).toEqual({ duplicate: false });
    await money.stopBilling();
    await waitsForAPerson(user);
  });

  it.each(others)('of %s that is found by a look-up does not pay the charge', async (name, amount, currency) => {
    const user = `found-${name}`;
    const billing = await money.billing();
    await billing.queries.putCustomer({ user_id: user, payment_method: 'pm_card_visa' });
    money.fault = ({ path }) => (path === '/v1/payment_intents' ? { when: 'after', what: 'drop' } : undefined);
    await money.log.append([money.crossing(user, 1)]);
    const id = money.chargeId(user, 1);
    await waitFor('the unanswered call', async () => (await chargeOf(id))?.reason === 'no_answer');
    await changeAtStripe(id, amount, currency);
    money.fault = undefined;
    await waitFor('the look-up', async () => {
      money.clock.advance(1_000);
      return (await chargeOf(id))?.status !== 'processing';
    });
    await money.stopBilling();
    await waitsForAPerson(user);
  });
});
