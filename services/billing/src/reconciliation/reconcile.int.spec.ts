import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { DifferenceView, ReconciliationView } from '@tollgate/contracts';
import { waitFor } from '@tollgate/testing';

import type { RunningBilling } from '../index.ts';
import { stripeClient } from '../stripe/stripe-client.ts';
import { MoneyHarness } from '../testing/money-harness.ts';

const period = '2026-11';
const minute = 60_000;
let money: MoneyHarness;
beforeAll(async () => void (money = await MoneyHarness.start()));
afterEach(async () => {
  money.fault = undefined;
  await money.stopBilling();
});
afterAll(() => money?.stop());

type Result = { readonly run: ReconciliationView; readonly differences: readonly DifferenceView[] };
async function resultOf(billing: RunningBilling, id: string): Promise<Result> {
  const found = await billing.queries.reconciliation({ id, limit: 1_000 });
  return found!;
}
async function reconcile(options: { readonly fix?: boolean } = {}): Promise<Result> {
  const billing = await money.billing();
  const { id } = await billing.queries.startReconciliation({ period, ...options, wait_ms: 30_000 });
  const result = await resultOf(billing, id);
  await money.stopBilling();
  expect([result.run.state, result.run.trouble]).toEqual(['done', null]);
  return result;
}
const shown = ({ differences }: Result): readonly string[] =>
  differences.map(({ kind, reference, outcome }) => [kind, reference, outcome].filter(Boolean).join(' ')).sort();
const chargeOf = async (id: string) =>
  (
    await money.admin.query<{ status: string; payment_intent: string }>('select * from billing.charges where id = $1', [
      id,
    ])
  ).rows[0]!;
const setCharge = (id: string, set: string) =>
  money.admin.query(`update billing.charges set ${set} where id = $1`, [id]);

/** A user with a card and a paid block. */
async function paid(user: string, method = 'pm_card_visa'): Promise<string> {
  const billing = await money.billing();
  await billing.queries.putCustomer({ user_id: user, payment_method: method });
  await money.log.append([money.crossing(user, 1)]);
  const id = money.chargeId(user, 1);
  await waitFor('the charge to be tried', async () => ['succeeded', 'failed'].includes((await chargeOf(id))?.status));
  await money.stopBilling();
  money.clock.advance(2 * minute);
  return id;
}

describe('a reconciliation', () => {
  it('of books that agree with Stripe is clean, and says what it read', async () => {
    await paid('clean');
    await paid('declined', 'pm_card_chargeDeclined');
    const result = await reconcile();
    expect(result.differences).toEqual([]);
    expect(result.run).toMatchObject({
      period,
      from: '2026-11-01T00:00:00.000Z',
      to: '2026-12-01T00:00:00.000Z',
      step: 'end',
      remaining: 0,
      fixed: 0,
    });
    const { rows } = await money.admin.query('select 1 from billing.reconciliation_found');
    expect(rows).toEqual([]);
  });

  it('takes a payment whose webhook and answer got lost into the books, once asked to', async () => {
    const id = await paid('missed');
    await money.admin.query(`alter table billing.charges disable trigger user`);
    await setCharge(id, "status = 'failed', reason = 'no_answer', next_try_at = null");
    const found = await reconcile();
    expect(shown(found)).toEqual([`not_in_books ${id}`]);
    expect(found.differences[0]).toMatchObject({
      reason: expect.stringContaining('Stripe was paid 100.00 BRL'),
      fix: expect.stringContaining('webhook'),
      proposal: null,
    });
    expect(await chargeOf(id)).toMatchObject({ status: 'failed' });
    const fixed = await reconcile({ fix: true });
    expect([shown(fixed), fixed.run.remaining]).toEqual([[`not_in_books ${id} fixed`], 0]);
    expect(await chargeOf(id)).toMatchObject({ status: 'succeeded' });
    expect((await reconcile({ fix: true })).differences).toEqual([]);
  });

  // Guarantee: money is never moved by a comparison.
  it('proposes, and never itself does, what moves money', async () => {
    const id = await paid('twice');
    const stripe = stripeClient(money.stripe);
    const first = (await money.intents()).find(({ metadata }) => metadata.charge_id === id)!;
    const [method] = (await stripe.customers.listPaymentMethods(first.customer)).data;
    const pay = {
      amount: 10_000,
      currency: 'brl',
      customer: first.customer,
      payment_method: method!.id,
      confirm: true,
      off_session: true,
    } as const;
    const metadata = { charge_id: id, period_start: '2026-11-01T00:00:00.000Z' };
    const second = await stripe.paymentIntents.create({ ...pay, metadata });
    const foreign = await stripe.paymentIntents.create(pay);
    const unknownId = money.chargeId('nobody-knows', 7);
    const unknown = await stripe.paymentIntents.create({ ...pay, metadata: { ...metadata, charge_id: unknownId } });
    const wrong = await paid('wrong-amount');
    await setCharge(wrong, 'amount_minor = 9999');
    const lost = await paid('lost');
    await setCharge(lost, "payment_intent = 'pi_that_never_was'");
    await money.admin.query(
      `delete from stripe_simulator.objects where kind = 'payment_intent' and body -> 'metadata' ->> 'charge_id' = $1`,
      [lost],
    );
    const unasked = await paid('unasked');
    money.crossings.delete(unasked);

    const {
      rows: [before],
    } = await money.admin.query<{ n: number }>(`select count(*)::int as n from stripe_simulator.objects`);
    const result = await reconcile({ fix: true });
    const {
      rows: [after],
    } = await money.admin.query<{ n: number }>(`select count(*)::int as n from stripe_simulator.objects`);
    expect(shown(result)).toEqual(
      [
        `amount_differs ${(await chargeOf(wrong)).payment_intent}`,
        `charge_without_crossing ${unasked}`,
        `crossing_differs ${wrong}`,
        `not_at_stripe ${lost}`,
        `paid_twice ${second.id}`,
        `payment_foreign ${foreign.id}`,
        `payment_unknown ${unknown.id}`,
      ].sort(),
    );
    expect(result.differences.every(({ fix, proposal }) => fix === null && proposal !== null)).toBe(true);
    expect(result.differences.find(({ kind }) => kind === 'paid_twice')).toMatchObject({
      proposal: `refund 100.00 BRL of ${second.id}`,
    });
    expect([result.run.remaining, after]).toEqual([7, before]);
    // Mended by hand, so that the next tests begin clean.
    await setCharge(wrong, 'amount_minor = 10000');
    await money.admin.query('delete from billing.charge_outbox where charge_id = any($1)', [[lost, unasked]]);
    await money.admin.query(
      'alter table billing.charge_events disable trigger user; alter table billing.charge_attempts disable ' +
        'trigger user',
    );
    for (const table of ['charge_events', 'charge_attempts'])
      await money.admin.query(`delete from billing.${table} where charge_id = any($1)`, [[lost, unasked]]);
    await money.admin.query('delete from billing.charges where id = any($1)', [[lost, unasked]]);
    money.crossings.delete(lost);
    await money.admin.query(
      `delete from stripe_simulator.objects where id = any($1) or body -> 'metadata' ->> 'charge_id' = $2`,
      [[second.id, foreign.id, unknown.id], unasked],
    );
    expect((await reconcile()).differences).toEqual([]);
  });

  it('opens a charge whose crossing never came, which is then paid once', async () => {
    await paid('forgotten');
    const record = money.crossing('forgotten', 2);
    await money.log.append([money.crossing('forgotten', 3)]);
    const id = money.chargeId('forgotten', 2);
    expect(shown(await reconcile())).not.toContain(`crossing_without_charge ${id}`);
    money.clock.advance(2 * minute);
    // A correction took usage below the block, so it is not owed any more.
    money.used.set('metered:forgotten', '16000000');
    expect((await reconcile()).differences).toEqual([]);
    money.used.delete('metered:forgotten');
    const found = await reconcile();
    expect(shown(found)).toEqual([`crossing_without_charge ${id}`]);
    expect(shown(await reconcile({ fix: true }))).toEqual([`crossing_without_charge ${id} fixed`]);
    await money.billing();
    await waitFor('the payment', async () => (await chargeOf(id)).status === 'succeeded');
    // The crossing comes after all.
    await money.log.append([record]);
    await money.stopBilling();
    expect((await money.intents()).filter(({ metadata }) => metadata.charge_id === id)).toHaveLength(1);
    expect((await reconcile()).differences).toEqual([]);
  });

  it('sees an invoice that the books do not have, or have otherwise, and takes it in', async () => {
    const billing = await money.billing();
    const { customer_id: customer } = await billing.queries.putCustomer({
      user_id: 'fee',
      payment_method: 'pm_card_visa',
    });
    await billing.queries.createSubscription({ customer_id: customer });
    await money.stopBilling();
    const {
      rows: [invoice],
    } = await money.admin.query<{ id: string }>(
      `select id from stripe_simulator.objects where kind = 'invoice' and customer = $1`,
      [customer],
    );
    const id = invoice!.id;
    expect(shown(await reconcile())).toEqual([`invoice_missing ${id}`]);
    expect(shown(await reconcile({ fix: true }))).toEqual([`invoice_missing ${id} fixed`]);
    const { rows } = await money.admin.query(
      'select status, amount_minor::text as amount, currency from billing.invoices where invoice_id = $1',
      [id],
    );
    expect(rows).toEqual([{ status: 'paid', amount: '40000', currency: 'BRL' }]);
    expect((await reconcile()).differences).toEqual([]);
    await money.admin.query(`update billing.invoices set status = 'failed' where invoice_id = $1`, [id]);
    expect(shown(await reconcile({ fix: true }))).toEqual([`invoice_differs ${id} fixed`]);
    await money.admin.query(
      `insert into billing.invoices select 'in_nowhere', subscription_id, customer_id, status, amount_minor, currency,
        period_start, told_at from billing.invoices limit 1`,
    );
    expect(shown(await reconcile())).toEqual(['invoice_not_at_stripe in_nowhere']);
    await money.admin.query(`delete from billing.invoices where invoice_id = 'in_nowhere'`);
  });

  it('sees a refund that somebody made at Stripe, and takes it in', async () => {
    const id = await paid('refunded-by-hand');
    const { payment_intent: intent } = await chargeOf(id);
    const refund = await stripeClient(money.stripe).refunds.create({ payment_intent: intent, amount: 4_000 });
    expect(shown(await reconcile())).toEqual([`refund_missing ${refund.id}`]);
    expect(shown(await reconcile({ fix: true }))).toEqual([`refund_missing ${refund.id} fixed`]);
    const { rows } = await money.admin.query(
      'select amount_minor::text as amount, status from billing.refunds where stripe_refund = $1',
      [refund.id],
    );
    expect(rows).toEqual([{ amount: '4000', status: 'succeeded' }]);
    expect((await reconcile()).differences).toEqual([]);
    await money.admin.query(`update billing.refunds set status = 'failed' where stripe_refund = $1`, [refund.id]);
    expect(shown(await reconcile())).toEqual([`refund_differs ${refund.id}`]);
    await money.admin.query(`update billing.refunds set status = 'succeeded' where stripe_refund = $1`, [refund.id]);
  });

  it('waits while Stripe limits or fails, says so, and goes on where it was', async () => {
    let faults = 0;
    money.fault = ({ path, method }) =>
      method === 'GET' && path === '/v1/payment_intents' && faults++ < 2
        ? { when: 'before', what: 'limit' }
        : undefined;
    const billing = await money.billing();
    const { id } = await billing.queries.startReconciliation({ period });
    await waitFor(
      'the run to say that it waits',
      async () => (await resultOf(billing, id)).run.trouble === 'STRIPE_UNAVAILABLE: rate_limited',
    );
    await waitFor('the end', async () => (await resultOf(billing, id)).run.state === 'done', 20_000);
    expect(await resultOf(billing, id)).toMatchObject({ run: { trouble: null, differences: 0 }, differences: [] });
    expect(faults).toBeGreaterThan(2);
  });

  // Guarantee: a comparison of hours that dies in its last minute does not begin anew.
  it('goes on after its process died, with another instance beside it, and finds each difference once', async () => {
    const stripe = stripeClient(money.stripe);
    const { customer } = (await money.intents())[0]!;
    const [method] = (await stripe.customers.listPaymentMethods(customer)).data;
    const pay = {
      amount: 1,
      currency: 'brl',
      customer,
      payment_method: method!.id,
      confirm: true,
      off_session: true,
    } as const;
    for (let i = 0; i < 250; i++) await stripe.paymentIntents.create(pay);
    let pages = 0;
    money.fault = ({ path, method: verb }) =>
      verb === 'GET' && path === '/v1/payment_intents' && ++pages > 1 ? { when: 'before', what: 'fail' } : undefined;
    const first = await money.billing();
    const { id } = await first.queries.startReconciliation({ period });
    await waitFor('the first page', async () => (await resultOf(first, id)).run.done >= 100);
    await money.stopBilling();
    const {
      rows: [kept],
    } = await money.admin.query<{ cursor: string; version: number }>(
      'select cursor, version from billing.reconciliations where id = $1',
      [id],
    );
    expect(kept).toEqual({ cursor: expect.stringMatching(/^pi_/), version: 1 });

    const asked: string[] = [];
    money.fault = ({ path, method: verb }) => void (verb === 'GET' && asked.push(path));
    const [second] = [await money.billing(), await money.billing()];
    // Asking for the same month goes on with the run; nobody has to.
    expect((await second.queries.startReconciliation({ period })).id).toBe(id);
    await waitFor('the end', async () => (await resultOf(second, id)).run.state === 'done', 60_000);
    expect((await resultOf(second, id)).run).toMatchObject({ differences: 250, remaining: 250 });
    // The page that was kept was not read again: of 250 and some, each once.
    expect(asked.filter((path) => path === '/v1/payment_intents')).toHaveLength(2);
    const fresh = await second.queries.startReconciliation({ period });
    expect(fresh.id).not.toBe(id);
    expect((await second.queries.startReconciliation({ period, fresh: true })).id).not.toBe(fresh.id);
    expect(await second.queries.reconciliation({ id: fresh.id, limit: 1 })).toMatchObject({
      run: { state: 'abandoned' },
    });
  });
});
