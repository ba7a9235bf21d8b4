import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@tollgate/testing';
import { EmbeddedPlatform } from './harness/embedded.ts';
import { png } from './harness/images.ts';
import { QuotaProvider } from './harness/quota-provider.ts';
import { newPerson } from './harness/people.ts';
import { openWallet } from './harness/load.ts';
import { checkBooks } from './harness/platform.ts';
import type { Reply } from './harness/client.ts';

const minute = 60;
const hour = 3_600;
const day = 86_400;

let platform: EmbeddedPlatform;
let provider: QuotaProvider;
beforeAll(async () => {
  provider = await QuotaProvider.start();
  platform = await EmbeddedPlatform.start({ TEST_CLOCK: '1', ...provider.env });
});
afterAll(async () => {
  await platform?.stop();
  await provider?.stop();
});

/** Three looks of the refresher at the clock: what it has not done by then it does not do. */
const refresherLooks = (): Promise<void> => delay(1_500);

const nowMs = async (): Promise<number> => Date.parse((await platform.server.get<{ now: string }>('/v1/test-clock')).body.now);
const advance = async (seconds: number): Promise<void> => {
  const before = await nowMs();
  const { status, body } = await platform.server.post<{ now: string }>('/v1/test-clock/advance', { seconds });
  expect([status, Date.parse(body.now)]).toEqual([200, before + seconds * 1000]);
};
const account = async (id: string): Promise<Record<string, unknown>> => (await platform.server.get(`/v1/accounts/${encodeURIComponent(id)}`)).body;
const open = async (id: string, kind: string, settings: object): Promise<void> =>
  expect((await platform.server.post('/v1/accounts', { id, kind, unit: 'token', settings })).status).toBe(201) as void;
const spend = (id: string, amount: number): Promise<Reply> => platform.server.post(`/v1/accounts/${id}/spend`, { amount: String(amount) });
const entryKinds = async (id: string): Promise<readonly string[]> => {
  const { body } = await platform.server.get<{ items: { kind: string }[] }>(`/v1/accounts/${id}/entries?limit=100`);
  return body.items.map(({ kind }) => kind).reverse();
};

describe('when time passes', () => {
  it('a hold is given back at its deadline and not before', async () => {
    await openWallet(platform.server, 'holding', '100');
    const { body: { hold_id: hold } } = await platform.server.post('/v1/accounts/holding/holds', { amount: '60', expires_in_s: 600 });
    await advance(599);
    expect(await account('holding')).toMatchObject({ held: '60', available: '40' });

    await advance(1);

    expect(await account('holding')).toMatchObject({ held: '0', available: '100', holds: [] });
    const settled = await platform.server.post(`/v1/holds/${String(hold)}/settle`, { amount: '60' });
    expect([settled.status, settled.body]).toMatchObject([409, { code: 'HOLD_ENDED' }]);
    expect(await entryKinds('holding')).toEqual(['opened', 'granted', 'held', 'hold_expired']);
  });

  it('a grant expires, after what could be burnt of it was', async () => {
    await openWallet(platform.server, 'expiring', '100');
    const expiresAt = new Date((await nowMs()) + day * 1000).toISOString();
    await platform.server.post('/v1/accounts/expiring/grants', { amount: '50', reason: 'trial units', expires_at: expiresAt });
    expect((await spend('expiring', 20)).body).toMatchObject({ available: '130' });
    await advance(day - 1);
    expect(await account('expiring')).toMatchObject({ balance: '130' });

    await advance(1);

    expect(await account('expiring')).toMatchObject({ balance: '100', lots: [{ granted: '100', left: '100' }] });
    const { body } = await platform.server.get<{ items: unknown[] }>('/v1/accounts/expiring/entries?limit=1');
    expect(body.items).toMatchObject([{ kind: 'expired', amount: '-30', occurred_at: expiresAt }]);
  });

  it('credits are refilled up to the allowance each period, never beyond it and never lowered', async () => {
    await open('monthly', 'credits', { allowance: '5', period: 'P30D' });
    expect(await account('monthly')).toMatchObject({ balance: '5' });
    expect((await spend('monthly', 5)).status).toBe(200);
    const empty = await spend('monthly', 1);
    expect([empty.status, empty.body]).toMatchObject([429, { code: 'ALLOWANCE_EXHAUSTED', resets_at: expect.any(String) }]);

    await advance(30 * day);
    expect(await account('monthly')).toMatchObject({ balance: '5', used: '0' });
    expect((await spend('monthly', 2)).body).toMatchObject({ available: '3' });
    await advance(90 * day);
    expect(await account('monthly')).toMatchObject({ balance: '5' });

    await platform.server.post('/v1/accounts/monthly/grants', { amount: '10', reason: 'bonus' });
    await advance(30 * day);
    expect(await account('monthly')).toMatchObject({ balance: '15' });
  });

  it('a trial ends', async () => {
    const login = await platform.anybody.post<{ access_token: string }>('/api/auth/login', platform.admin);
    const admin = platform.anybody.with({ authorization: `Bearer ${login.body.access_token}` });
    const { body: { data: { license_key: key } } } = await admin.post<{ data: { license_key: string } }>('/api/admin/license-keys', { token_balance: 5 });
    await admin.post('/api/user/assign-license', { license_key: key });
    await admin.post(`/api/admin/license-keys/${key}/trial`, { trial_days: 7, token_balance: 5 });
    const use = (): Promise<Reply> => admin.post(`/api/user/license-keys/${key}/use-token`);
    await advance(7 * day - 1);
    expect((await use()).status).toBe(200);

    await advance(2);

    const ended = await use();
    expect([ended.status, ended.body]).toEqual([400, { success: false, error: 'License key is not active' }]);
    expect(await account(`licence:${key}`)).toMatchObject({ balance: '4' });
  });

  it('a limit of a period is lifted with the next one, for the whole family', async () => {
    await open('budget', 'metered', { limit: '100', period: 'P1D' });
    await open('budget/child', 'wallet', {});
    await platform.server.post('/v1/accounts/budget%2Fchild/grants', { amount: '1000', reason: 'plenty' });
    expect((await spend('budget%2Fchild', 100)).status).toBe(200);
    const over = await spend('budget%2Fchild', 1);
    expect([over.status, over.body]).toMatchObject([429, { resets_at: expect.any(String) }]);

    await advance(day);

    expect((await spend('budget%2Fchild', 100)).body).toMatchObject({ available: '0' });
    expect(await account('budget')).toMatchObject({ used: '100', limits: [{ limit: '100', remaining: '0' }] });
  });
});

describe('credits', () => {
  const status = async (userId: string): Promise<Record<string, unknown>> =>
    (await platform.server.get<{ data: Record<string, unknown> }>(`/api/admin/credits/${userId}`)).body.data;
  const act = async (userId: string, action: string, body?: object): Promise<Record<string, unknown>> => {
    const reply = await platform.server.post<{ data: Record<string, unknown> }>(`/api/admin/credits/${userId}/${action}`, body);
    expect(reply.status).toBe(200);
    return reply.body.data;
  };

  it('are refilled 30 days after the monthly reset date, up to the allowance and never lowered', async () => {
    const opened = await status('monthly-user');
    expect(opened).toMatchObject({ credits: 5, monthlyResetDate: new Date(await nowMs()).toISOString() });
    await act('monthly-user', 'consume');
    await act('monthly-user', 'consume');
    await advance(30 * day - 1);
    expect(await status('monthly-user')).toMatchObject({ credits: 3, monthlyTokensUsed: 4_000 });

    await advance(1);

    const resetDate = new Date(await nowMs()).toISOString();
    expect(await status('monthly-user')).toMatchObject({ credits: 5, monthlyTokensUsed: 0, totalTokensUsed: 4_000, monthlyResetDate: resetDate });
    await act('monthly-user', 'bonus', { amount: 10 });
    await advance(30 * day);
    expect(await status('monthly-user')).toMatchObject({ credits: 15 });
  });

  it('fall back to free with five when a subscription ends that nobody renewed', async () => {
    await act('subscriber', 'upgrade', { days: 10 });
    await act('subscriber', 'consume');
    const ends = new Date((await nowMs()) + 10 * day * 1000).toISOString();
    await advance(10 * day - 1);
    expect(await status('subscriber')).toMatchObject({ credits: 99, subscriptionTier: 'pro', subscriptionEndsAt: ends });

    await advance(1);

    expect(await status('subscriber')).toMatchObject({ credits: 5, isSubscribed: false, subscriptionTier: 'free', subscriptionEndsAt: null, totalTokensUsed: 2_000 });
    expect(await entryKinds('credits:subscriber')).toEqual(['opened', 'granted', 'changed', 'granted', 'spent', 'changed', 'adjusted', 'adjusted']);
    expect(await act('subscriber', 'renew', { days: 5 })).toMatchObject({ credits: 100, subscriptionTier: 'pro' });
  });

  it('of a renewed subscription last to its new end, and are refilled by its tier meanwhile', async () => {
    await act('renewing', 'upgrade', { days: 20 });
    await act('renewing', 'renew', { days: 20 });
    await act('renewing', 'consume');
    await advance(31 * day);
    expect(await status('renewing')).toMatchObject({ credits: 100, subscriptionTier: 'pro', monthlyTokensUsed: 0 });
    await advance(9 * day);
    expect(await status('renewing')).toMatchObject({ credits: 5, subscriptionTier: 'free' });
  });

  it('count a month from a reset that an admin asked for', async () => {
    await act('reset-user', 'consume');
    await advance(10 * day);
    expect(await act('reset-user', 'reset-monthly')).toMatchObject({ credits: 5, monthlyTokensUsed: 0, monthlyResetDate: new Date(await nowMs()).toISOString() });
    await act('reset-user', 'consume');
    // The same instant as a reset: what was used is still told apart from what was used before.
    expect(await act('reset-user', 'reset-monthly')).toMatchObject({ credits: 5, monthlyTokensUsed: 0, totalTokensUsed: 4_000 });
    await act('reset-user', 'consume');
    await advance(29 * day);
    expect(await status('reset-user')).toMatchObject({ credits: 4, monthlyTokensUsed: 2_000 });
    await advance(day);
    expect(await status('reset-user')).toMatchObject({ credits: 5, monthlyTokensUsed: 0, totalTokensUsed: 6_000 });
  });

  it('are sold by stand-ins that say so where no product service is configured', async () => {
    const { client } = await newPerson(platform);
    const workflow = await client.post('/api/projects/start-workflow', { projectId: 'p' });
    expect([workflow.status, workflow.body]).toMatchObject([200, { workflowStarted: true, message: expect.stringContaining('stand-in'), creditInfo: { creditsRemaining: 4 } }]);
    const review = await client.post('/api/review/generate', { projectId: 'p' });
    expect([review.status, review.body]).toMatchObject([200, { review: expect.stringContaining('stand-in'), creditInfo: { creditsRemaining: 3 } }]);
  });
});

describe('in a token process, when time passes', () => {
  const post = async (path: string, body: object): Promise<Record<string, unknown>> => (await platform.server.post<{ data: Record<string, unknown> }>(path, body)).body.data;
  const process = { user_id: 'timed', feature_endpoint_id: 'timed-endpoint' };
  beforeAll(async () => {
    await post('/api/features', { id: 'timed-feature', name: 'timed' });
    await post('/api/feature-endpoints', { id: 'timed-endpoint', feature: 'timed-feature', path: '/x' });
    await post('/api/packages', { id: 'ten-days', name: 'ten days', features: ['timed-feature'], token: 500, duration_days: 10 });
  });

  it('a package expires, and its tokens stay', async () => {
    const { package_expires_at: expires } = await post('/api/user-wallets/timed/package', { package: 'ten-days' });
    expect(Date.parse(String(expires))).toBe((await nowMs()) + 10 * day * 1000);
    await advance(10 * day - 1);
    expect(await post('/api/token-process/start', process)).toEqual({ user_id: 'timed', token: 500, status: 'accessible' });

    await advance(1);

    const expired = { user_id: 'timed', token: 500, status: 'not-accessible', message: 'Package expired' };
    expect(await post('/api/token-process/start', process)).toEqual(expired);
    expect(await post('/api/token-process/start', { ...process, estimate: 5 })).toEqual(expired);
    // What was delivered is booked all the same.
    expect(await post('/api/token-process/end', { ...process, input_token: 0, output_token: 40 })).toMatchObject({ token: 490, cost: 10, status: 'returnable' });
    await post('/api/user-wallets/timed/package', { package: 'ten-days' });
    expect(await post('/api/token-process/start', process)).toMatchObject({ token: 990, status: 'accessible' });
  });

  it('an estimate is given back at its deadline, and an end that comes later is booked once', async () => {
    const started = await post('/api/token-process/start', { ...process, estimate: 600, expires_in_s: 60 });
    expect(await account('wallet:timed')).toMatchObject({ balance: '990', held: '600', available: '390' });
    await advance(59);
    expect(await account('wallet:timed')).toMatchObject({ held: '600' });

    await advance(1);

    expect(await account('wallet:timed')).toMatchObject({ balance: '990', held: '0', available: '990' });
    const late = { ...process, input_token: 1, output_token: 400, hold_id: started['hold_id'] };
    const first = await post('/api/token-process/end', late);
    expect(first).toEqual({ user_id: 'timed', token: 890, cost: 100, status: 'returnable' });
    expect(await post('/api/token-process/end', late)).toEqual(first);
    expect(await account('wallet:timed')).toMatchObject({ balance: '890' });
  });
});

describe('a metered month', () => {
  const crossings = (id: string): Promise<readonly object[]> => platform.rows(
    `select to_char(c.period_start at time zone 'UTC', 'YYYY-MM') as month, c.block::int from ledger.crossings c
       join ledger.accounts a using (partition, account) where a.id = $1 order by c.period_start, c.block`, [id]);
  const month = (ms: number): string => new Date(ms).toISOString().slice(0, 7);
  /** To `seconds` after the start of the next month. */
  const intoNextMonth = async (seconds: number): Promise<void> => {
    const now = new Date(await nowMs());
    const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
    // The clock stands at a fraction of a second.
    await advance(Math.ceil((next - now.getTime()) / 1000) + seconds);
  };
  const report = (id: string, quantity: number, event: { readonly id: string; readonly time?: string }) =>
    platform.server.post<{ results: unknown[] }>('/v1/events?wait=booked', {
      specversion: '1.0', source: '/months', type: 'request', subject: id, data: { quantity }, ...event,
    }, { 'content-type': 'application/cloudevents+json' });

  it('crosses a tier at the first unit beyond a block, each once, and starts anew with the month', async () => {
    await intoNextMonth(day);
    await open('meter', 'metered', { plan: 'standard' });
    const first = month(await nowMs());
    await spend('meter', 8_000_000);
    expect(await crossings('meter')).toEqual([]);
    await spend('meter', 1);
    expect(await crossings('meter')).toEqual([{ month: first, block: 1 }]);
    await spend('meter', 16_999_999);
    expect(await account('meter')).toMatchObject({ used: '25000000' });
    expect(await crossings('meter')).toEqual([1, 2, 3].map((block) => ({ month: first, block })));

    await intoNextMonth(2 * hour);

    expect(await account('meter')).toMatchObject({ used: '0' });
    await spend('meter', 8_000_001);
    expect(await account('meter')).toMatchObject({ used: '8000001' });
    expect(await crossings('meter')).toEqual([...[1, 2, 3].map((block) => ({ month: first, block })), { month: month(await nowMs()), block: 1 }]);
  });

  it('takes what happened in it for an hour after its end, and counts it as late in the next one from then on', async () => {
    await intoNextMonth(day);
    await open('late-meter', 'metered', { plan: 'standard' });
    await report('late-meter', 7_000_000, { id: 'on-time' });
    await intoNextMonth(30 * minute);
    const [endedMs, startedMs] = [(await nowMs()) - hour * 1000, await nowMs()];
    const time = new Date(endedMs).toISOString();

    const within = await report('late-meter', 1_000_001, { id: 'within-grace', time });
    expect(within.body.results).toMatchObject([{ status: 'booked', entry: { period: `${month(endedMs)}-01T00:00:00.000Z` } }]);
    expect(await crossings('late-meter')).toEqual([{ month: month(endedMs), block: 1 }]);
    expect(await account('late-meter')).toMatchObject({ used: '0' });

    await advance(31 * minute);
    const after = await report('late-meter', 5, { id: 'after-grace', time });
    expect(after.body.results).toMatchObject([{ status: 'booked', entry: { late: true, period: `${month(startedMs)}-01T00:00:00.000Z` } }]);
    expect(await account('late-meter')).toMatchObject({ used: '5' });
  });
});

describe('tier billing', () => {
  const report = (userId: string, tokensUsed: number, headers = {}) =>
    platform.server.post<{ data: { totalTokens: number; tierCharges: { id: string; billing_tier: string }[] } }>('/api/token-billing/process-usage', { userId, tokensUsed }, headers);
  const summary = async (userId: string, at?: string): Promise<unknown> =>
    (await platform.server.get<{ data: unknown }>(`/api/token-billing/user-summary/${userId}${at === undefined ? '' : `?periodStart=${at}`}`)).body.data;
  const figures = (tokens: number, blocks: number, tier: string): object => ({
    total_tokens: tokens, current_tier: tier, fixed_fee_charged: 0, tier_charges_count: blocks, tier_charges_total: blocks * 10_000, total_charged: blocks * 10_000,
  });
  const intoNextMonth = async (seconds: number): Promise<void> => {
    const now = new Date(await nowMs());
    await advance(Math.ceil((Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1) - now.getTime()) / 1000) + seconds);
  };
  const day1 = async (): Promise<string> => `${new Date(await nowMs()).toISOString().slice(0, 7)}-01`;

  it('starts each month at 0, charges its blocks under new ids, and keeps the months before', async () => {
    await intoNextMonth(day);
    const first = await day1();
    const before = (await report('biller', 9_000_000)).body.data;
    expect(await summary('biller')).toEqual(figures(9_000_000, 1, '8M-16M'));

    await intoNextMonth(30 * minute);

    expect(await summary('biller')).toEqual(figures(0, 0, '0-8M'));
    expect(await summary('biller', first)).toEqual(figures(9_000_000, 1, '8M-16M'));
    const after = (await report('biller', 8_000_001)).body.data;
    expect(after).toMatchObject({ totalTokens: 8_000_001, tierCharges: [{ billing_tier: '8M-16M' }] });
    expect(after.tierCharges[0]?.id).not.toBe(before.tierCharges[0]?.id);
    // What happened in the last month and arrives within the hour counts there.
    await platform.server.post('/v1/events?wait=booked', {
      specversion: '1.0', source: '/late', id: 'late-1', type: 'request', subject: 'metered:biller', time: new Date((await nowMs()) - hour * 1000).toISOString(),
      data: { quantity: 7_000_001 },
    }, { 'content-type': 'application/cloudevents+json' });
    expect(await summary('biller', `${first.slice(0, 8)}15`)).toEqual(figures(16_000_001, 2, '16M-24M'));
    expect(await summary('biller')).toEqual(figures(8_000_001, 1, '8M-16M'));
    expect(await summary('biller', '2020-01-01')).toEqual(figures(0, 0, '0-8M'));
    const rows = await platform.rows(
      "select to_char(period_start, 'YYYY-MM-DD') as month, total_tokens, tier_charges_count from token_usage_summary where user_id = 'biller' order by 1");
    expect(rows).toEqual([
      { month: first, total_tokens: '16000001', tier_charges_count: '2' }, { month: await day1(), total_tokens: '8000001', tier_charges_count: '1' },
    ]);
  });

  // Guarantee: a price that is published today changes no bill of the month under way (rule 17).
  it('prices a month by the plan version that was in force when it began, on every face of it', async () => {
    await intoNextMonth(day);
    const old = await day1();
    await report('planned', 8_000_001);
    const admin = platform.server;
    const content = { included: 1_000_000, block: '500000', block_price: 2_500, fixed_fee: 0, currency: 'BRL', time_zone: 'America/Sao_Paulo' };
    const published = await admin.post('/api/admin/catalog/price-plans', { content });
    expect([published.status, published.body]).toMatchObject([201, { catalog: 'price-plan', name: 'default', version: 2, status: 'booked', content }]);
    expect((await admin.get('/api/admin/catalog/price-plans')).body).toMatchObject({ items: [{ version: 2 }, { version: 1 }] });
    for (const [wrong, status] of [[{ content: { ...content, block: 0 } }, 400], [{ content, effective_from: '2020-01-01T00:00:00Z' }, 409], [{ content }, 409], [{}, 400]] as const) {
      expect((await admin.post('/api/admin/catalog/price-plans', wrong)).status).toBe(status);
    }
    expect((await report('planned', 1)).body.data).toMatchObject({ totalTokens: 8_000_002, tierCharges: [] });
    expect(await summary('planned')).toEqual(figures(8_000_002, 1, '8M-16M'));

    await intoNextMonth(day);
    expect((await report('planned', 1_500_001)).body.data.tierCharges).toMatchObject([
      { billing_tier: '1M-1500000', amount_charged: 2_500 }, { billing_tier: '1500000-2M', amount_charged: 2_500 },
    ]);
    expect(await summary('planned')).toMatchObject({ total_tokens: 1_500_001, current_tier: '1500000-2M', tier_charges_total: 5_000, total_charged: 5_000 });
    expect(await summary('planned', old)).toEqual(figures(8_000_002, 1, '8M-16M'));
    const rows = await platform.rows(
      `select to_char(period_start, 'YYYY-MM-DD') as month, current_tier, tier_charges_total from token_usage_summary where user_id = 'planned' order by 1`);
    expect(rows).toEqual([
      { month: old, current_tier: '8M-16M', tier_charges_total: '10000' }, { month: await day1(), current_tier: '1500000-2M', tier_charges_total: '5000' },
    ]);
    expect(await platform.rows(`select billing_tier, amount_charged, currency from token_billing_charges where user_id = 'planned' order by period_start, block limit 2`)).toEqual([
      { billing_tier: '8M-16M', amount_charged: '10000', currency: 'BRL' }, { billing_tier: '1M-1500000', amount_charged: '2500', currency: 'BRL' },
    ]);
    // For the tests that follow: the price of the documents again, from the next month on.
    await admin.post('/api/admin/catalog/price-plans', {
      content: { included: 8_000_000, block: 8_000_000, block_price: 10_000, fixed_fee: 40_000, currency: 'BRL' }, effective_from: new Date((await nowMs()) + 1_000).toISOString(),
    });
    await intoNextMonth(day);
  });

  it('takes the fee in full at once and again on the 1st, and tries a refused charge again when its pause is over', async () => {
    await intoNextMonth(10 * day);
    const first = await day1();
    const put = async (userId: string, method: string): Promise<string> =>
      (await platform.server.put<{ customer_id: string }>(`/api/admin/billing/customers/${userId}`, { payment_method: method })).body.customer_id;
    const customerId = await put('subscribed', 'pm_card_visa');
    const { body } = await platform.server.post<{ data: object }>('/api/token-billing/create-subscription', { customerId });
    expect(body.data).toMatchObject({ status: 'active', amount: 40_000 });
    const fee = async (at?: string): Promise<number> => ((await summary('subscribed', at)) as { fixed_fee_charged: number }).fixed_fee_charged;
    await waitFor('the first fee', async () => (await fee()) === 40_000);

    await put('refused', 'pm_card_chargeDeclined');
    const [refused] = (await report('refused', 8_000_001)).body.data.tierCharges;
    const charge = async (): Promise<{ status: string; attempts: number }> => (await platform.server.get<{ data: { items: { id: string; status: string; attempts: number }[] } }>(
      '/api/admin/billing/charges?user_id=refused')).body.data.items[0] ?? { status: '', attempts: 0 };
    expect(refused).toMatchObject({ status: 'failed' });
    await advance(hour * 2);
    await waitFor('the second attempt', async () => (await charge()).attempts === 2 && (await charge()).status === 'failed');
    expect(await charge()).toMatchObject({ id: refused?.id, status: 'failed' });

    await intoNextMonth(hour);
    await waitFor('the fee of the next month', async () => (await fee()) === 40_000);
    expect(await fee(first)).toBe(40_000);
    expect((await platform.server.post<{ data: object }>('/api/token-billing/create-subscription', { customerId })).body.data)
      .toMatchObject({ currentPeriodStart: `${await day1()}T00:00:00.000Z` });
  });

  it('names the same charges to a repeat after a kill', async () => {
    const first = await report('killed-biller', 25_000_000, { 'idempotency-key': 'k' });
    expect(first.body.data.tierCharges.length).toBe(3);

    await platform.program.kill();
    await platform.start();

    const again = await report('killed-biller', 25_000_000, { 'idempotency-key': 'k' });
    expect([again.status, again.body, again.headers.get('idempotent-replay')]).toEqual([200, first.body, 'true']);
  });
});

describe('webhooks out', () => {
  // Guarantee: whoever bills by our events misses none, whatever is killed on either side.
  it('tell a subscriber of each tier block that is entered, over a kill of the platform', async () => {
    const heard: string[] = [];
    let down = true;
    const subscriber = createServer((request, response) => {
      if (!down) heard.push(String(request.headers['webhook-id']));
      response.writeHead(down ? 503 : 204).end();
    });
    await new Promise<void>((resolve) => subscriber.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(subscriber.address() as AddressInfo).port}/`;
      const made = await platform.server.post<{ id: string; secret: string }>('/v1/webhook-endpoints', { url, events: ['tier.crossed'], account_prefix: 'metered:told' });
      expect(made).toMatchObject({ status: 201, body: { secret: expect.stringMatching(/^whsec_/) } });
      expect((await platform.server.post('/v1/webhook-endpoints', { url: 'http://example.com/' })).status).toBe(400);
      const { body } = await platform.server.post<{ data: { tierCharges: { id: string }[] } }>('/api/token-billing/process-usage', { userId: 'told', tokensUsed: 25_000_000 });
      await platform.program.kill();
      down = false;
      await platform.start();
      const path = `/v1/webhook-endpoints/${made.body.id}`;
      await waitFor('every block', async () => new Set(heard).size === 3 || ((await platform.server.post(`${path}/replay`, { status: 'failed' })).status === 200 && false), 30_000);
      expect(new Set(heard)).toEqual(new Set(body.data.tierCharges.map(({ id }) => `msg_tier_${id}`)));
      const { body: log } = await platform.server.get<{ items: { status: string }[] }>(`${path}/deliveries?limit=3`);
      expect(log.items).toHaveLength(3);
      expect((await platform.server.delete(path)).status).toBe(200);
      expect((await platform.server.get(path)).status).toBe(404);
    } finally {
      subscriber.closeAllConnections();
      subscriber.close();
    }
  });
});

describe('images and their quotas', () => {
  it('are kept for 24 hours, and gone afterwards, files and all', async () => {
    provider.gives('for-a-day', 1000);
    const client = platform.anybody.with({ 'x-token': 'for-a-day' });
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(png())]), 'a.png');
    const encoded = new Response(form);
    const { body } = await client.raw<{ data: { task_id: string; quota_info: object } }>(
      '/api/optimize/submit', new Uint8Array(await encoded.arrayBuffer()), { 'content-type': encoded.headers.get('content-type') ?? '' });
    expect(body).toMatchObject({ data: { quota_info: { limit_mb: 1000 } } });
    const id = body.data.task_id;
    const paths = [`status/${id}`, `download/${id}`].map((path) => `/api/optimize/${path}`);
    await waitFor('the image', async () => (await client.get<{ data: object }>(paths[0] ?? '')).body.data !== undefined
      && (await platform.rows(`select 1 from optimizer.tasks where id = $1 and status = 'completed'`, [id])).length === 1);
    await advance(day - 1);
    expect((await fetch(`${client.url}${paths[1]}`, { headers: { 'x-token': 'for-a-day' } })).status).toBe(200);

    await advance(1);

    for (const path of paths) expect(await client.get(path)).toMatchObject({ status: 410, body: { success: false, message: 'Task has expired' } });
    const files = (): Promise<readonly string[]> => readdir(join(platform.dataDir, 'images'));
    await waitFor('the files to be removed', async () => (await files()).every((name) => !name.startsWith(id)));
    expect((await client.get(paths[0] ?? '')).status).toBe(410);
  });

  // Guarantee: a limit that shrank at the provider is obeyed by who keeps asking, without a request of his own for it.
  it('are refreshed in the background after 15 minutes, while the token is in use', async () => {
    provider.gives('in-use', 10);
    const client = platform.anybody.with({ 'x-token': 'in-use' });
    await client.get('/api/optimize/quota');
    provider.gives('in-use', 4);
    await advance(13 * minute);
    await refresherLooks();
    expect(provider.asked('in-use')).toBe(1);
    await advance(4 * minute);
    const account = `quota:${createHash('sha256').update('in-use').digest('hex').slice(0, 32)}`;
    await waitFor('the new limit in the books', async () =>
      (await platform.server.get<{ limits: { limit: string }[] }>(`/v1/accounts/${encodeURIComponent(account)}`)).body.limits[0]?.limit === String(4 * 1_048_576));
    expect(provider.asked('in-use')).toBe(2);
    expect((await client.get('/api/optimize/quota')).body).toMatchObject({ data: { quota_mb: 4 } });

    await advance(day);
    await refresherLooks();
    const asked = provider.asked('in-use');
    await advance(hour);
    await refresherLooks();
    expect(provider.asked('in-use')).toBe(asked);
  });

  it('end with the token\'s own expiry', async () => {
    provider.gives('expiring-token', 10, { expires_at: new Date((await nowMs()) + 60_000).toISOString() });
    const client = platform.anybody.with({ 'x-token': 'expiring-token' });
    expect((await client.get('/api/optimize/quota')).status).toBe(200);
    await advance(60);
    expect(await client.get('/api/optimize/quota')).toMatchObject({ status: 403, body: { code: 'TOKEN_INVALID' } });
  });
});

describe('the test clock', () => {
  it('goes forward only', async () => {
    const before = await nowMs();
    expect((await platform.server.post('/v1/test-clock/advance', { seconds: -1 })).status).toBe(400);
    expect((await platform.anybody.post('/v1/test-clock/advance', { seconds: 1 })).status).toBe(401);
    expect(await nowMs()).toBe(before);
  });

  it('is kept across a kill, with everything that waits for it', async () => {
    await openWallet(platform.server, 'over-a-kill', '100');
    await platform.server.post('/v1/accounts/over-a-kill/holds', { amount: '60', expires_in_s: 600 });
    await advance(300);
    const [time, before] = [await nowMs(), await account('over-a-kill')];

    await platform.program.kill();
    await platform.start();

    expect(await nowMs()).toBe(time);
    expect(await account('over-a-kill')).toEqual(before);
    await advance(300);
    expect(await account('over-a-kill')).toMatchObject({ held: '0', available: '100' });
  });

  it('leaves true books', async () => {
    expect(await checkBooks(platform)).toMatchObject({ drifts: [], chainProblems: [] });
    const totals = await platform.rows("select unit, amount from finance.trial_balance where side like 'total%'");
    expect(totals.length).toBeGreaterThan(0);
    expect(totals.filter((row) => (row as { amount: string }).amount !== '0')).toEqual([]);
    // Every block that was entered was charged, once.
    await waitFor('billing to hear of every block', async () => (await platform.rows('select 1 from finance.unbilled_usage')).length === 0);
    expect(await platform.rows('select 1 from ledger.crossings having count(*) <> (select count(*) from finance.charges)')).toEqual([]);
  });
});
