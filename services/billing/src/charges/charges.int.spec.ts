import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool } from '@tollgate/persistence';
import type { SimulatedFault } from '@tollgate/stripe-simulator';
import { waitFor } from '@tollgate/testing';
import type { Pool } from 'pg';

import { stripeClient } from '../stripe/stripe-client.ts';
import { Lives } from '../testing/lives.ts';
import { MoneyHarness } from '../testing/money-harness.ts';
import type { ChargeStore } from './app/charge-ports.ts';
import { chargeStore } from './postgres/charge-store.ts';

/** The library itself repeats a call whose connection was closed, once, under its key. */
const repeatsOfDrops = 2;

let money: MoneyHarness;
let pools: Pool[] = [];
beforeAll(async () => void (money = await MoneyHarness.start()));
afterEach(async () => {
  money.fault = undefined;
  await money.stopBilling();
  await Promise.all(pools.map((pool) => pool.end()));
  pools = [];
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

describe('a charge', () => {
  const life = (id: string, dieAt: number): Promise<number> => new Lives(money).charge(id, dieAt);

  /** New instances until one has paid it; the lock of a dead one ends a moment after it. */
  const untilPaid = (id: string): Promise<unknown> =>
    waitFor('the payment', async () => {
      await life(id, -1);
      return (await chargeOf(id))?.status === 'succeeded';
    });

  const opened = async (user: string): Promise<string> => {
    pools.push(createPool({ url: money.databaseUrl, max: 2, applicationName: 'opening' }));
    const store: ChargeStore = chargeStore(pools.at(-1)!, pools.at(-1)!);
    const message = JSON.parse(money.crossing(user, 1).value) as {
      partition: number;
      partition_seq: string;
      entry: string;
    };
    const id = money.chargeId(user, 1);
    const [periodStartMs, periodEndMs] = [Date.UTC(2026, 10, 1), Date.UTC(2026, 11, 1)];
    const of = {
      account: `metered:${user}`,
      periodStartMs,
      periodEndMs,
      block: 1n,
      plan: 'default',
      billingTier: '8M-16M',
      amountMinor: 10_000n,
      currency: 'BRL',
      entry: message.entry,
    };
    await store.take(
      {
        ...of,
        change: 'entered',
        partition: message.partition,
        partitionSeq: BigInt(message.partition_seq),
        recordedMs: money.clock.nowMs(),
      },
      { ...of, id, userId: user, crossedMs: money.clock.nowMs() },
      money.clock.nowMs(),
    );
    return id;
  };

  // Guarantee: wherever a process dies, the customer pays a block once, and pays it.
  it('is paid exactly once, at whatever call its process dies', async () => {
    const walked = new Set<number>();
    for (let dieAt = 0; dieAt < 12; dieAt++) {
      const user = `walk-${dieAt}`;
      await payWith(user, 'pm_card_visa');
      const id = await opened(user);
      walked.add(await life(id, dieAt));
      await untilPaid(id);
      expect([dieAt, await chargeOf(id)]).toEqual([
        dieAt,
        expect.objectContaining({ status: 'succeeded', next_try_at: null }),
      ]);
      expect([dieAt, await intentsOf(id)]).toEqual([
        dieAt,
        [expect.objectContaining({ status: 'succeeded', amount: 10_000 })],
      ]);
    }
    // read, start, send and outcome, each with its two moments.
    expect(Math.max(...walked)).toBe(8);
  });

  it('that was declined is paid through the same PaymentIntent, at whatever call its process dies', async () => {
    for (let dieAt = 0; dieAt < 10; dieAt++) {
      const user = `declined-${dieAt}`;
      await payWith(user, 'pm_card_chargeDeclined');
      const id = await opened(user);
      await life(id, -1);
      expect(await chargeOf(id)).toMatchObject({ status: 'failed', reason: 'generic_decline', attempts: 1 });
      await payWith(user, 'pm_card_visa');
      await life(id, dieAt);
      await untilPaid(id);
      expect([dieAt, await chargeOf(id)]).toEqual([dieAt, expect.objectContaining({ status: 'succeeded' })]);
      expect([dieAt, await intentsOf(id)]).toEqual([dieAt, [expect.objectContaining({ status: 'succeeded' })]]);
    }
  });

  it.each<[string, SimulatedFault]>([
    ['500 and did nothing', { when: 'before', what: 'fail' }],
    ['500 after it charged', { when: 'after', what: 'fail' }],
    ['429', { when: 'before', what: 'limit' }],
    ['nothing', { when: 'before', what: 'drop' }],
    ['nothing after it charged', { when: 'after', what: 'drop' }],
  ])('waits and is paid once when Stripe answers %s', async (name, fault) => {
    const user = `fault-${name}`;
    await payWith(user, 'pm_card_visa');
    const id = await opened(user);
    let faults = fault.what === 'drop' ? repeatsOfDrops : 1;
    money.fault = ({ method, path }) =>
      method === 'POST' && path === '/v1/payment_intents' && faults-- > 0 ? fault : undefined;
    await life(id, -1);
    expect(await chargeOf(id)).toMatchObject({ status: 'processing', attempts: 1 });
    await life(id, -1);
    expect(await chargeOf(id)).toMatchObject({ status: 'processing' });
    money.clock.advance(2_000);
    await life(id, -1);
    expect(await chargeOf(id)).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect(await intentsOf(id)).toHaveLength(1);
  });

  // Guarantee: an answer that never comes costs its time-out, and no second payment.
  it.each(['before', 'after'] as const)(
    'is paid once when Stripe says nothing at all %s it charged, once the time-out is over',
    async (when) => {
      const user = `silence-${when}`;
      await payWith(user, 'pm_card_visa');
      const id = await opened(user);
      let silent = 1;
      money.fault = ({ method, path }) =>
        method === 'POST' && path === '/v1/payment_intents' && silent-- > 0 ? { when, what: 'silence' } : undefined;
      const began = performance.now();
      await life(id, -1);
      expect(performance.now() - began).toBeGreaterThan(1_900);
      expect(await chargeOf(id)).toMatchObject({ status: 'processing', reason: 'no_answer', attempts: 1 });
      money.clock.advance(2_000);
      await life(id, -1);
      expect(await chargeOf(id)).toMatchObject({ status: 'succeeded', attempts: 1 });
      expect(await intentsOf(id)).toHaveLength(1);
    },
  );

  // Guarantee: a block belongs to its month, whenever it is paid.
  it('under way as the month changes is paid once, in the month of its usage', async () => {
    await payWith('new-year', 'pm_card_visa');
    const id = await opened('new-year');
    let faults = repeatsOfDrops;
    money.fault = ({ method, path }) =>
      method === 'POST' && path === '/v1/payment_intents' && faults-- > 0 ? { when: 'after', what: 'drop' } : undefined;
    await life(id, -1);
    expect(await chargeOf(id)).toMatchObject({ status: 'processing' });
    money.clock.set(Date.UTC(2026, 11, 1, 0, 0, 1));
    const billing = await money.billing();
    await money.log.append([
      money.crossing('new-year', 1, {
        period_start: '2026-12-01T00:00:00.000Z',
        period_end: '2027-01-01T00:00:00.000Z',
      }),
    ]);
    await waitFor(
      'both payments',
      async () =>
        (await money.admin.query(`select 1 from billing.charges where user_id = 'new-year' and status = 'succeeded'`))
          .rowCount === 2,
    );
    const { items } = await billing.queries.listCharges({
      user_id: 'new-year',
      period: '2026-11-15T00:00:00Z',
      offset: 0,
      limit: 10,
    });
    expect(items).toMatchObject([{ id, status: 'succeeded', period: { start: '2026-11-01T00:00:00.000Z' } }]);
    expect(await intentsOf(id)).toHaveLength(1);
    // What the ledger would say of November again: the harness knows a block by its first id.
    money.crossing('new-year', 1);
  });

  // Guarantee: Stripe forgets keys after a day; a restored database must find what it paid before it forgot (rule 26).
  it('of long ago is looked for at Stripe before anything is sent', async () => {
    const customer = await payWith('restored', 'pm_card_visa');
    const id = money.chargeId('restored', 1);
    const stripe = stripeClient(money.stripe);
    const [method] = (await stripe.customers.listPaymentMethods(customer)).data;
    await stripe.paymentIntents.create({
      amount: 10_000,
      currency: 'brl',
      customer,
      payment_method: method!.id,
      confirm: true,
      off_session: true,
      metadata: { charge_id: id },
    });
    const recordedAt = new Date(money.clock.nowMs()).toISOString();
    money.clock.advance(3 * 86_400_000);
    const sent: string[] = [];
    money.fault = ({ method: verb, path }) => void (verb === 'POST' && sent.push(path));
    await money.log.append([money.crossing('restored', 1, { recorded_at: recordedAt })]);
    await money.billing();
    await waitFor('the charge to be found paid', async () => (await chargeOf(id))?.status === 'succeeded');
    expect(sent).toEqual([]);
    expect(await intentsOf(id)).toHaveLength(1);
  });

  it('without anybody to pay waits with its reason, and is paid when a method is attached', async () => {
    const billing = await money.billing();
    await money.log.append([money.crossing('nobody', 1)]);
    const id = money.chargeId('nobody', 1);
    await waitFor('the charge', async () => (await chargeOf(id))?.reason === 'no_customer');
    await billing.queries.putCustomer({ user_id: 'nobody' });
    await waitFor('the reason of now', async () => (await chargeOf(id))?.reason === 'no_payment_method');
    expect(await chargeOf(id)).toMatchObject({ status: 'pending', attempts: 0 });
    await billing.queries.putCustomer({ user_id: 'nobody', payment_method: 'pm_card_visa' });
    await waitFor('the payment', async () => (await chargeOf(id))?.status === 'succeeded');
  });

  it('that is declined is tried again after longer and longer pauses, and then no more', async () => {
    await payWith('hopeless', 'pm_card_chargeDeclined');
    const id = await opened('hopeless');
    const pauses: number[] = [];
    for (let tries = 1; tries <= 7; tries++) {
      await life(id, -1);
      const charge = await chargeOf(id);
      expect(charge).toMatchObject({ status: 'failed', attempts: tries });
      if (charge?.next_try_at == null) break;
      pauses.push(charge.next_try_at.getTime() - money.clock.nowMs());
      money.clock.set(charge.next_try_at.getTime() - 1);
      await life(id, -1);
      expect(await chargeOf(id)).toMatchObject({ attempts: tries });
      money.clock.advance(1);
    }
    expect(pauses).toHaveLength(6);
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(await intentsOf(id)).toHaveLength(1);
  });

  it('keeps its attempts and events as they were', async () => {
    for (const table of ['charge_attempts', 'charge_events']) {
      for (const change of [
        `update billing.${table} set number = 9`,
        `delete from billing.${table}`,
        `truncate billing.${table}`,
      ]) {
        await expect(money.admin.query(change)).rejects.toThrow('append-only');
      }
    }
  });
});
