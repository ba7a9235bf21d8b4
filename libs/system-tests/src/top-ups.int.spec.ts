import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { EmbeddedPlatform } from './harness/embedded.ts';

type Row = Readonly<Record<string, string | null>>;
type TopUp = {
  readonly id: string;
  readonly status: string;
  readonly reason: string | null;
  readonly created_at: string;
};
const terms = {
  user_id: 'ann',
  below: '100',
  units: '1000',
  amount_minor: '2000',
  currency: 'USD',
  day_max_minor: '6000',
  month_max_minor: '20000',
};

let platform: EmbeddedPlatform;
let subscriber: Server;
let period = '';
const heard: { type: string; data: Record<string, unknown> }[] = [];
beforeAll(async () => {
  platform = await EmbeddedPlatform.start({ TEST_CLOCK: '1' });
  period = (await platform.server.get<{ now: string }>('/v1/test-clock')).body.now.slice(0, 7);
  subscriber = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => (body += String(piece)));
    request.on('end', () => {
      heard.push(JSON.parse(body) as (typeof heard)[number]);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => subscriber.listen(0, '127.0.0.1', resolve));
  const { port } = subscriber.address() as { port: number };
  const events = ['topup.succeeded', 'topup.failed', 'topup.paused', 'topup.limited', 'topup.unresolved'];
  expect(
    (await platform.server.post('/v1/webhook-endpoints', { url: `http://127.0.0.1:${port}/`, events })).status,
  ).toBe(201);
}, 60_000);
afterAll(async () => {
  subscriber?.close();
  await platform?.stop();
});

const advance = (seconds: number) => platform.server.post('/v1/test-clock/advance', { seconds });
const payWith = (user: string, method: string) =>
  platform.server.put<{ data: { customer_id: string } }>(`/api/admin/billing/customers/${user}`, {
    payment_method: method,
  });
async function wallet(id: string, units: string): Promise<void> {
  expect((await platform.server.post('/v1/accounts', { id, kind: 'wallet', unit: 'token' })).status).toBe(201);
  const granted = await platform.server.post(`/v1/accounts/${encodeURIComponent(id)}/grants`, {
    amount: units,
    reason: 'start',
  });
  expect(granted.status).toBe(201);
}
const spend = (account: string, amount: string) =>
  platform.server.post(`/v1/accounts/${encodeURIComponent(account)}/spend`, { amount });
const purchases = async (account: string): Promise<readonly TopUp[]> =>
  (await platform.server.get<{ items: readonly TopUp[] }>(`/v1/top-ups?account=${encodeURIComponent(account)}`)).body
    .items;
const figures = async (view: string): Promise<readonly Row[]> =>
  (await platform.server.get<{ data: { items: readonly Row[] } }>(`/api/admin/billing/finance/${view}`)).body.data
    .items;

// Guarantee: a wallet that falls below its bound gets the units that were paid for, once, also over a kill.
it('a low wallet buys units once; money, entry, statement and comparison agree to the cent', async () => {
  await wallet('team/ann', '150');
  await payWith('ann', 'pm_card_visa');
  const path = '/v1/accounts/team%2Fann/top-up';
  expect((await platform.server.get(path)).body).toMatchObject({ code: 'TOP_UP_UNKNOWN' });
  for (const [member, value] of [
    ['below', '-1'],
    ['units', '0'],
    ['currency', 'usd'],
    ['currency', 'ABC'],
    ['units', '9223372036854775807'],
    ['day_max_minor', '1999'],
    ['month_max_minor', '5999'],
    ['failures_max', 0],
    ['user_id', ''],
  ] as const) {
    const { status } = await platform.server.put(path, { ...terms, [member]: value });
    expect([member, status]).toEqual([member, 400]);
  }
  // Stripe takes tenths of a fils from nobody, and no sum of thirteen digits.
  const dinars = { ...terms, currency: 'KWD', amount_minor: '2005' };
  expect((await platform.server.put(path, dinars)).status).toBe(400);
  const most = { amount_minor: '1000000000000', day_max_minor: '1000000000000', month_max_minor: '1000000000000' };
  expect((await platform.server.put(path, { ...terms, ...most })).status).toBe(400);
  const notATime = `9999-99-99T00:00:00.000Z/${crypto.randomUUID()}`;
  expect((await platform.server.get(`/v1/top-ups?after=${notATime}`)).status).toBe(400);
  expect((await platform.anybody.put(path, terms)).status).toBe(401);
  // A key of one family reads its terms, and names nobody whose card is charged.
  const { key } = (
    await platform.server.post<{ key: string }>('/v1/api-keys', {
      account: 'team',
      scopes: ['billing:read', 'billing:approve'],
    })
  ).body;
  const ofTeam = platform.anybody.with({ 'x-server-api-key': key });
  expect(await ofTeam.put(path, terms)).toMatchObject({ status: 403, body: { code: 'SCOPE_MISSING' } });
  expect(await ofTeam.get(path)).toMatchObject({ status: 404, body: { code: 'TOP_UP_UNKNOWN' } });
  expect(await platform.server.put(path, { ...terms, user_id: 'nobody' })).toMatchObject({
    status: 409,
    body: { code: 'TOP_UP_PAYER_MISSING' },
  });
  expect((await platform.server.put(path, terms)).body).toMatchObject({ account: 'team/ann', status: 'active' });
  expect((await spend('team/ann', '60')).status).toBe(200);
  await platform.program.kill();
  await platform.start();
  await waitFor('the units', async () => (await purchases('team/ann'))[0]?.status === 'succeeded', 30_000);
  const account = (await platform.server.get<{ balance: string }>('/v1/accounts/team%2Fann')).body;
  expect(account).toMatchObject({ balance: '1090' });
  expect(await purchases('team/ann')).toHaveLength(1);

  const entries = await platform.server.get<{ items: readonly Row[] }>('/v1/accounts/team%2Fann/entries');
  expect(entries.body.items[0]).toMatchObject({ kind: 'granted', amount: '1000', balance_after: '1090' });
  expect(await figures('cash')).toMatchObject([{ kind: 'top_up', user_id: 'ann', amount: '20.00', currency: 'USD' }]);
  expect(await figures('top_ups')).toMatchObject([
    { account: 'team/ann', units: '1000', refunded_minor: '0', month: period },
  ]);
  expect((await figures('revenue')).filter(({ currency }) => currency === 'USD')).toEqual([]);
  const statement = await platform.server.get<{ accounts: readonly object[] }>(
    `/v1/customers/ann/statements/${period}`,
  );
  expect(statement.body.accounts).toMatchObject([
    { currency: 'USD', top_ups: { amount: '20.00' }, payments: { amount: '-20.00' }, closing: { amount: '0.00' } },
  ]);
  await advance(120);
  expect((await platform.cli('reconcile', '--period', period)).how).toBe('exit code 0');
  // An auditor sees what was paid for the units.
  const bundle = join(platform.dataDir, 'audit');
  expect((await platform.cli('audit-bundle', '--account', 'team/ann', '--period', period, '--out', bundle)).how).toBe(
    'exit code 0',
  );
  const bought = JSON.parse(readFileSync(join(bundle, 'top_ups.jsonl'), 'utf8')) as Row;
  expect(bought).toMatchObject({ account: 'team/ann', amount: '20.00', units: '1000' });
  const verify = () => spawnSync(process.execPath, [join(bundle, 'verify.mjs')], { encoding: 'utf8' });
  expect([verify().status, verify().stdout]).toEqual([0, expect.stringContaining('The bundle holds.')]);
  writeFileSync(join(bundle, 'top_ups.jsonl'), `${JSON.stringify({ ...bought, units: 900 })}\n`);
  expect(verify().stderr).toContain('is of 900 units');
  await waitFor('the message', () => Promise.resolve(heard.some(({ type }) => type === 'topup.succeeded')), 20_000);
  expect(heard.find(({ type }) => type === 'topup.succeeded')?.data).toMatchObject({
    account: 'team/ann',
    units: '1000',
    amount_minor: '2000',
    currency: 'USD',
  });
});

// Guarantee: at most one attempt an hour, however many spends ask for one, and across restarts of any service.
it('10,000 spends against a card that is declined make at most one attempt an hour, and a pause', async () => {
  await wallet('bob', '10050');
  await payWith('bob', 'pm_card_chargeDeclined');
  const path = '/v1/accounts/bob/top-up';
  expect((await platform.server.put(path, { ...terms, user_id: 'bob', below: '20000', failures_max: 2 })).status).toBe(
    200,
  );
  const startedMs = Date.parse((await platform.server.get<{ now: string }>('/v1/test-clock')).body.now);
  // 10,000 spends of one unit, 100 at a time; the clock moves five minutes with each hundredth of them: 8 hours in all.
  for (let round = 0; round < 100; round++) {
    const answers = await Promise.all(Array.from({ length: 100 }, () => spend('bob', '1')));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    await advance(300);
  }
  const hours = Math.floor((100 * 300) / 3_600);
  await waitFor('a refusal', async () => (await purchases('bob')).length > 0);
  const made = await purchases('bob');
  expect(made.length).toBeLessThanOrEqual(hours);
  const times = made.map(({ created_at: at }) => Date.parse(at)).sort((a, b) => a - b);
  for (const [at, time] of times.slice(1).entries()) expect(time - times[at]!).toBeGreaterThanOrEqual(3_600_000);
  expect(times[0]).toBeGreaterThanOrEqual(startedMs);
  await advance(6 * 3_600);
  await waitFor('the pause', async () => {
    const { body } = await platform.server.get<{ status: string }>(path);
    return body.status === 'paused';
  });
  expect((await purchases('bob')).map(({ status, reason }) => `${status} ${reason}`)).toEqual([
    'failed generic_decline',
    'failed generic_decline',
  ]);
  expect((await platform.server.get('/v1/accounts/bob')).body).toMatchObject({ balance: '50' });
  const told = (): readonly string[] => heard.filter(({ data }) => data['account'] === 'bob').map(({ type }) => type);
  await waitFor('the messages', () => Promise.resolve(told().length >= 3), 20_000);
  expect([...told()].sort()).toEqual(['topup.failed', 'topup.failed', 'topup.paused']);

  // Another card, and a person who resumes it.
  await payWith('bob', 'pm_card_visa');
  const resumed = await platform.cli('top-ups', 'resume', 'bob');
  expect([resumed.how, resumed.output]).toEqual(['exit code 0', expect.stringMatching(/bob +active/)]);
  await waitFor('the units', async () => (await purchases('bob'))[0]?.status === 'succeeded', 30_000);
  const listed = await platform.cli('top-ups', '--account', 'bob');
  expect(listed.output).toMatch(/succeeded +1000 +20\.00 USD +bob/);
  expect((await platform.cli('top-ups', 'remove', 'bob')).how).toBe('exit code 0');
  expect((await platform.cli('top-ups', 'show', 'bob')).how).toBe('exit code 1');
});

it('a top-up that is refunded at Stripe is in cash, in the statement and known to reconcile', async () => {
  const [topUp] = await figures('top_ups');
  // It is a top-up's, so that nobody can make it count for another customer too.
  const assign = `/api/admin/billing/payments/${topUp?.['payment_intent']}/assign`;
  expect(await platform.server.post(assign, { user_id: 'bob', reason: 'a mistake' })).toMatchObject({
    status: 409,
    body: { details: { code: 'PAYMENT_NOT_FOREIGN' } },
  });
  await platform.atStripe('POST', 'refunds', { payment_intent: topUp?.['payment_intent'] ?? '', amount: '500' });
  await waitFor('the refund', async () => (await figures('cash')).some(({ kind }) => kind === 'refund'), 30_000);
  expect((await figures('cash')).map(({ kind, amount }) => `${kind} ${amount}`)).toContain('refund -5.00');
  expect((await figures('top_ups'))[0]).toMatchObject({ refunded_minor: '500' });
  expect((await platform.cli('reconcile', '--period', period)).how).toBe('exit code 0');

  // As if the wallet had been closed before it had its units: somebody looks at it, and pays the rest back.
  await platform.rows(`update billing.topups set status = 'unresolved', reason = 'account_closed' where id = $1`, [
    topUp?.['topup_id'] ?? '',
  ]);
  const unresolved = await platform.cli('reconcile', '--period', period, '--fresh');
  expect([unresolved.how, unresolved.output]).toEqual(['exit code 1', expect.stringContaining('top_up_unresolved')]);
  await platform.atStripe('POST', 'refunds', { payment_intent: topUp?.['payment_intent'] ?? '', amount: '1500' });
  await waitFor('the rest', async () => (await figures('top_ups'))[0]?.['refunded_minor'] === '2000', 30_000);
  expect((await platform.cli('reconcile', '--period', period, '--fresh')).how).toBe('exit code 0');
});
