import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AutoTopUpTerms, AutoTopUpView, TopUpView } from '@tollgate/contracts';
import { createPool } from '@tollgate/persistence';
import { waitFor } from '@tollgate/testing';
import type { Pool } from 'pg';
import Stripe from 'stripe';

import type { RunningBilling } from '../index.ts';
import { stripeClient } from '../stripe/stripe-client.ts';
import { Lives } from '../testing/lives.ts';
import { MoneyHarness } from '../testing/money-harness.ts';
import { lookOnce, type TopUpParts, workOnce } from './app/top-up-worker.ts';
import { topUpGrants } from './log/top-up-grants.ts';
import { topUpStore } from './postgres/top-up-store.ts';
import { stripeTopUps } from './stripe/stripe-top-ups.ts';

let money: MoneyHarness;
let pool: Pool;
let users = 0;
beforeAll(async () => {
  money = await MoneyHarness.start();
  pool = createPool({ url: money.databaseUrl, max: 4, applicationName: 'test' });
});
afterEach(async () => {
  money.fault = undefined;
  await money.stopBilling();
  // What is left of one test buys nothing in the next.
  money.wallets.balances.clear();
  await money.admin.query(`update billing.topups set status = 'failed', paid_at = null, next_try_at = null
    where status in ('pending', 'processing', 'paid')`);
});
afterAll(async () => {
  await pool?.end();
  await money?.stop();
});

const terms = (more: Partial<AutoTopUpTerms> = {}): Omit<AutoTopUpTerms, 'user_id'> => ({
  below: '100',
  units: '1000',
  amount_minor: '2000',
  currency: 'USD',
  day_max_minor: '6000',
  month_max_minor: '20000',
  failures_max: 3,
  ...more,
});
const by = { by: 'root (key 1)', address: '127.0.0.1' };

/** A wallet with 150 units whose customer pays with `method`, and its terms; billing runs. */
async function topped(
  method: string,
  more: Partial<AutoTopUpTerms> = {},
): Promise<{ readonly billing: RunningBilling; readonly account: string; readonly user: string }> {
  const user = `payer-${++users}`;
  const account = `wallet-${users}`;
  const billing = await money.billing();
  await billing.queries.putCustomer({ user_id: user, payment_method: method });
  money.wallets.balances.set(account, 150n);
  await billing.queries.putAutoTopUp({ account, terms: { user_id: user, ...terms(more) }, ...by });
  return { billing, account, user };
}
const purchases = async (billing: RunningBilling, account: string): Promise<readonly TopUpView[]> =>
  (await billing.queries.topUps({ account, limit: 500 })).items;
const ofAccount = async (account: string): Promise<readonly { status: string; amount: number }[]> =>
  (await money.intents()).filter(({ metadata }) => (metadata as { account?: string }).account === account) as never;
const autoOf = async (billing: RunningBilling, account: string): Promise<AutoTopUpView> => {
  const view = await billing.queries.autoTopUp({ account });
  if (view === null) throw new Error('there are no terms');
  return view;
};
/** Until the wallet was looked at so often more. */
const looksAt = async (account: string, times: number): Promise<unknown> => {
  const before = money.wallets.looks.get(account) ?? 0;
  return waitFor(`${times} looks at ${account}`, () =>
    Promise.resolve((money.wallets.looks.get(account) ?? 0) >= before + times),
  );
};
/** What the two loops work with, for specs that turn them by hand. */
const workingParts = (): TopUpParts => ({
  store: topUpStore(pool, pool),
  payments: stripeTopUps(stripeClient(money.stripe)),
  ledger: money.wallets.ledger,
  give: topUpGrants(money.log),
  clock: money.clock,
  onFailure: (error) => {
    throw error;
  },
});
const untilLast = (billing: RunningBilling, account: string, status: string): Promise<unknown> =>
  waitFor(`a top-up to be ${status}`, async () => {
    money.clock.advance(50);
    return (await purchases(billing, account))[0]?.status === status;
  });

describe('a wallet that is topped up by itself', () => {
  it('is left alone while it has enough, and bought for once when it falls below', async () => {
    const { billing, account } = await topped('pm_card_visa');
    await looksAt(account, 2);
    expect(await purchases(billing, account)).toEqual([]);

    money.wallets.spend(account, 60n);
    await untilLast(billing, account, 'succeeded');
    expect(money.wallets.balances.get(account)).toBe(1_090n);
    expect(await ofAccount(account)).toMatchObject([{ status: 'succeeded', amount: 2_000, currency: 'usd' }]);
    const [topUp] = await purchases(billing, account);
    expect(topUp).toMatchObject({ units: '1000', amount_minor: '2000', currency: 'USD', available_before: '90' });
    expect(await autoOf(billing, account)).toMatchObject({ status: 'active', day_minor: '2000', month_minor: '2000' });
  });

  it('is not charged more often than once an hour by 10,000 spends against a card that is declined', async () => {
    const { account } = await topped('pm_card_chargeDeclined', { failures_max: 20 });
    await money.stopBilling();
    const parts = workingParts();
    const startMs = money.clock.nowMs();
    money.wallets.spend(account, 100n);
    // 10,000 spends over five hours; after each hundred of them every wallet is looked at and all that is due is done.
    for (let step = 0; step < 100; step++) {
      for (let spend = 0; spend < 100; spend++) money.wallets.spend(account);
      await lookOnce(parts);
      await workOnce(parts);
      money.clock.advance(180_000);
    }
    const { items: made } = await parts.store.list({ account, limit: 500 });
    // The first refusal waits an hour, the second six: two attempts fit into five hours.
    expect(made.map(({ created_at: at }) => Date.parse(at) - startMs)).toEqual([3_600_000, 0]);
    expect(made.map(({ status, reason }) => `${status} ${reason}`)).toEqual([
      'failed generic_decline',
      'failed generic_decline',
    ]);
    // Nobody can pay what was refused: it is cancelled at Stripe.
    expect((await ofAccount(account)).map(({ status }) => status)).toEqual(made.map(() => 'canceled'));
    expect(money.wallets.balances.get(account)).toBe(-9_950n);
  });

  it('is paused after so many refusals in a row, until somebody resumes it', async () => {
    const { billing, account } = await topped('pm_card_chargeDeclined', { failures_max: 2 });
    money.wallets.spend(account, 100n);
    await untilLast(billing, account, 'failed');
    expect(await autoOf(billing, account)).toMatchObject({ status: 'waiting', failures: 1, reason: 'generic_decline' });
    money.clock.advance(3_600_000);
    await waitFor('the second refusal', async () => (await autoOf(billing, account)).failures === 2);
    expect(await autoOf(billing, account)).toMatchObject({ status: 'paused', next_try_at: null });

    money.clock.advance(30 * 86_400_000);
    // Another wallet is looked at meanwhile, this one is not.
    const control = await topped('pm_card_visa');
    const before = money.wallets.looks.get(account);
    await looksAt(control.account, 2);
    expect(money.wallets.looks.get(account)).toBe(before);
    expect(await purchases(billing, account)).toHaveLength(2);

    expect(await billing.queries.resumeAutoTopUp({ account, ...by })).toMatchObject({ status: 'active', failures: 0 });
    await waitFor('another attempt', async () => (await purchases(billing, account)).length === 3);
  });

  it('takes no more than its ceilings of a day and a month, and goes on when these are over', async () => {
    const { billing, account } = await topped('pm_card_visa', { day_max_minor: '4000', month_max_minor: '6000' });
    for (const count of [1, 2]) {
      money.wallets.balances.set(account, 0n);
      await waitFor(`purchase ${count}`, async () => {
        money.clock.advance(50);
        const made = await purchases(billing, account);
        return made.length === count && made[0]?.status === 'succeeded';
      });
    }
    money.wallets.balances.set(account, 0n);
    await waitFor('the ceiling', async () => (await autoOf(billing, account)).status === 'limited');
    const limited = await autoOf(billing, account);
    const nextDay = new Date(new Date(money.clock.nowMs()).setUTCHours(24, 0, 0, 0)).toISOString();
    expect(limited).toMatchObject({ reason: 'day_max', next_try_at: nextDay, day_minor: '4000', failures: 0 });

    money.clock.advance(86_400_000);
    await waitFor('the next day', async () => {
      money.clock.advance(50);
      const made = await purchases(billing, account);
      return made.length === 3 && made[0]?.status === 'succeeded';
    });
    money.wallets.balances.set(account, 0n);
    await waitFor('the ceiling of the month', async () => (await autoOf(billing, account)).reason === 'month_max');
    expect(await ofAccount(account)).toHaveLength(3);
    expect((await autoOf(billing, account)).month_minor).toBe('6000');
  });

  it('counts a purchase in the day in which its money was taken', async () => {
    const { account } = await topped('pm_card_visa', { day_max_minor: '2000', month_max_minor: '6000' });
    await money.stopBilling();
    const parts = workingParts();
    money.clock.advance(86_400_000 - (money.clock.nowMs() % 86_400_000) + 86_400_000 - 1_000);
    money.wallets.balances.set(account, 0n);
    await lookOnce(parts);
    // Stripe is reached after midnight.
    money.clock.advance(2_000);
    for (let step = 0; step < 4; step++) await workOnce(parts);
    money.wallets.balances.set(account, 0n);
    await lookOnce(parts);
    expect(await parts.store.view(account, money.clock.nowMs())).toMatchObject({
      status: 'limited',
      reason: 'day_max',
      day_minor: '2000',
    });
    expect((await parts.store.list({ account, limit: 500 })).items).toHaveLength(1);
  });

  it('is not topped up without anybody to charge, and with one it is refused in plain words', async () => {
    const billing = await money.billing();
    money.wallets.balances.set('nobody-pays', 5n);
    await expect(
      billing.queries.putAutoTopUp({ account: 'nobody-pays', terms: { user_id: 'nobody', ...terms() }, ...by }),
    ).rejects.toMatchObject({ kind: 'conflict', code: 'TOP_UP_PAYER_MISSING' });
    await expect(
      billing.queries.putAutoTopUp({ account: 'no-account', terms: { user_id: 'nobody', ...terms() }, ...by }),
    ).rejects.toMatchObject({ kind: 'not_found', code: 'ACCOUNT_UNKNOWN' });
    money.wallets.balances.set('shut', 5n);
    money.wallets.refusing.add('shut');
    await expect(
      billing.queries.putAutoTopUp({ account: 'shut', terms: { user_id: 'nobody', ...terms() }, ...by }),
    ).rejects.toMatchObject({ kind: 'conflict', code: 'ACCOUNT_CLOSED' });
  });

  it('keeps terms as they are told, once, and ends them', async () => {
    const { billing, account, user } = await topped('pm_card_visa');
    const first = await autoOf(billing, account);
    money.clock.advance(1_000);
    const again = await billing.queries.putAutoTopUp({ account, terms: { user_id: user, ...terms() }, ...by });
    expect(again).toEqual(first);
    const other = { user_id: user, ...terms({ units: '500' }) };
    expect(await billing.queries.putAutoTopUp({ account, terms: other, ...by })).toMatchObject({ units: '500' });
    expect((await billing.queries.autoTopUps({ limit: 500 })).items.map((item) => item.account)).toContain(account);
    expect(await billing.queries.removeAutoTopUp({ account, ...by })).toMatchObject({ account, changed_by: by.by });
    expect(await billing.queries.autoTopUp({ account })).toBeNull();
    expect(await billing.queries.removeAutoTopUp({ account, ...by })).toBeNull();
    const { rows } = await money.admin.query(
      `select content ->> 'units' as units, content ->> 'removed' as removed from billing.topup_history
       where kind = 'auto_topups' and id = $1 order by position`,
      [account],
    );
    expect(rows.at(-1)).toEqual({ units: '500', removed: 'true' });
  });

  it('leaves paid units that the books refuse to a person, and takes no more money', async () => {
    const { billing, account } = await topped('pm_card_visa');
    money.wallets.refusing.add(account);
    money.wallets.spend(account, 100n);
    await untilLast(billing, account, 'unresolved');
    expect((await purchases(billing, account))[0]).toMatchObject({ reason: 'account_closed' });
    expect(await autoOf(billing, account)).toMatchObject({ status: 'paused', reason: 'account_closed' });
    expect(await ofAccount(account)).toHaveLength(1);
  });
});

describe('one purchase', () => {
  /** A purchase that was begun, with nothing running that would work on it. */
  async function begun(
    method = 'pm_card_visa',
  ): Promise<{ readonly id: string; readonly account: string; readonly user: string }> {
    const { account, user } = await topped(method);
    await money.stopBilling();
    money.wallets.spend(account, 100n);
    const store = topUpStore(pool, pool);
    const watched = (await store.watched(null, 500, money.clock.nowMs())).find((each) => each.account === account);
    const id = crypto.randomUUID();
    expect(await store.begin({ ...watched!, available: 50n }, id, money.clock.nowMs())).toBe(true);
    return { id, account, user };
  }
  const statusOf = async (id: string): Promise<string | undefined> => (await topUpStore(pool, pool).find(id))?.status;
  async function finish(id: string): Promise<void> {
    const lives = new Lives(money);
    for (let life = 0; life < 50 && !['succeeded', 'failed'].includes((await statusOf(id)) ?? ''); life++) {
      await lives.topUp(id);
      money.clock.advance(700_000);
    }
  }

  it('is one payment and one grant, wherever the process dies', async () => {
    const lives = new Lives(money);
    const whole = await begun();
    const moments = (await lives.topUp(whole.id)) + (await lives.topUp(whole.id));
    expect(moments).toBeGreaterThan(8);
    await finish(whole.id);
    for (let dieAt = 0; dieAt < moments; dieAt++) {
      const { id, account } = await begun();
      await lives.topUp(id, dieAt);
      // Also after Stripe has forgotten the idempotency key.
      money.clock.advance(dieAt % 2 === 0 ? 25 * 3_600_000 : 700_000);
      await lives.topUp(id, Math.max(0, dieAt - 6));
      money.clock.advance(700_000);
      await finish(id);
      expect(await statusOf(id)).toBe('succeeded');
      expect((await ofAccount(account)).map(({ status }) => status)).toEqual(['succeeded']);
      expect(money.wallets.balances.get(account)).toBe(1_050n);
    }
  });

  it('is one refused payment, cancelled, wherever the process dies', async () => {
    const lives = new Lives(money);
    for (let dieAt = 0; dieAt < 12; dieAt++) {
      const { id, account } = await begun('pm_card_chargeDeclined');
      await lives.topUp(id, dieAt);
      money.clock.advance(700_000);
      await finish(id);
      expect(await statusOf(id)).toBe('failed');
      expect((await ofAccount(account)).map(({ status }) => status)).toEqual(['canceled']);
      expect(money.wallets.balances.get(account)).toBe(50n);
    }
  });

  it('is begun once by any number of instances that saw the same low balance', async () => {
    const { account } = await topped('pm_card_visa');
    await money.stopBilling();
    const store = topUpStore(pool, pool);
    const seen = (await store.watched(null, 500, money.clock.nowMs())).find((each) => each.account === account)!;
    const begin = (): Promise<boolean> =>
      store.begin({ ...seen, available: 5n }, crypto.randomUUID(), money.clock.nowMs()).catch(() => false);
    const all = await Promise.all(Array.from({ length: 8 }, begin));
    expect(all.filter(Boolean)).toHaveLength(1);
    // What was seen before a purchase was begun and ended says nothing any more.
    const [{ id }] = (await store.list({ account, limit: 1 })).items as [TopUpView];
    await finish(id);
    expect(await begin()).toBe(false);
  });

  it.each([
    ['before', 'fail'],
    ['after', 'fail'],
    ['before', 'limit'],
    ['before', 'drop'],
    ['after', 'drop'],
  ] as const)('is one payment when %s the call is carried out Stripe answers: %s', async (when, what) => {
    let left = 3;
    const { id, account } = await begun();
    money.fault = ({ method }) => (method === 'POST' && left-- > 0 ? { when, what } : undefined);
    await finish(id);
    expect(await statusOf(id)).toBe('succeeded');
    expect((await ofAccount(account)).map(({ status }) => status)).toEqual(['succeeded']);
    expect(money.wallets.balances.get(account)).toBe(1_050n);
  });

  it('is finished when its terms were removed meanwhile, and new ones begin nothing before that', async () => {
    const { id, account, user } = await begun();
    const store = topUpStore(pool, pool);
    await store.remove(account, by, money.clock.nowMs());
    const fields = { below: 100n, units: 1_000n, amountMinor: 2_000n, currency: 'USD', failuresMax: 3 };
    const anew = { account, userId: user, ...fields, dayMaxMinor: 6_000n, monthMaxMinor: 20_000n };
    await store.put(anew, by, money.clock.nowMs());
    expect((await store.watched(null, 500, money.clock.nowMs())).map((each) => each.account)).not.toContain(account);
    await finish(id);
    expect(await statusOf(id)).toBe('succeeded');
    expect(await ofAccount(account)).toHaveLength(1);
    expect(money.wallets.balances.get(account)).toBe(1_050n);
  });

  it('that had failed counts all the same when Stripe was paid for it later', async () => {
    const { id, account, user } = await begun('pm_card_chargeDeclined');
    await finish(id);
    expect(await statusOf(id)).toBe('failed');
    const [intent] = (await ofAccount(account)) as unknown as readonly { id: string }[];
    // As if its cancellation had come too late.
    await money.admin.query(
      `update stripe_simulator.objects set body = body || '{"status": "requires_payment_method"}' where id = $1`,
      [intent!.id],
    );
    const billing = await money.billing();
    await billing.queries.putCustomer({ user_id: user, payment_method: 'pm_card_visa' });
    const paying = (await billing.queries.customer({ user_id: user }))?.payment_method ?? '';
    await stripeClient(money.stripe).paymentIntents.confirm(intent!.id, { payment_method: paying });
    for (const payload of await money.events()) {
      const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: money.webhookSecret });
      await billing.queries.stripeWebhook({ payload, signature });
    }
    await untilLast(billing, account, 'succeeded');
    expect(money.wallets.balances.get(account)).toBe(1_050n);
  });
});
