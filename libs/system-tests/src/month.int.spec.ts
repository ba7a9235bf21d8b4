import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { EmbeddedPlatform } from './harness/embedded.ts';

/**
 * A month that finance closes. Price plans: `default` 8,000,000 included, blocks of 8,000,000 for BRL 100.00, fee BRL
 * 400.00 · `dollars` 1,000,000 included, blocks of 1,000,000 for USD 9.00, fee USD 30.00 · `yen` the same for JPY 1,000
 * · `small` the same for BRL 5.00. Who is who:
 *
 * | customer | in the month | blocks |
 * |---|---|---|
 * | ann | 10,000,000 | 1 |
 * | bob | 25,000,000, and the fee | 3 |
 * | cleo | dollars: 2,500,000, and the fee | 2 |
 * | dai | yen: 3,200,000 | 3 |
 * | eve | 9,000,000, a card that is declined | 1 |
 * | fay | 17,000,000, no card | 2 |
 * | gus | 7,000,000, and 2,000,000 that come 20 minutes after the month: paid in the next one | 1 |
 * | hal | 16,000,001, of which 7,000,001 are corrected away after the payment; refunded by proposal in the next month |
 * 2, 1 credited |
 * | ivy | 9,000,000; 40.00 refunded by hand at Stripe in the next month | 1 |
 * | jon | 9,000,000; from the next month on small, where 2,500,000 are 2 blocks | 1 |
 * | kim | the fee; the subscription ends in the month | – |
 */
let platform: EmbeddedPlatform;
let [month, next] = ['', ''];
let end = 0;
beforeAll(async () => {
  platform = await EmbeddedPlatform.start({ TEST_CLOCK: '1' });
  const start = await now();
  const begin = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1);
  end = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 2, 1);
  [month, next] = [new Date(begin).toISOString().slice(0, 7), new Date(end).toISOString().slice(0, 7)];
  await advanceTo(begin + 36 * 3_600_000);
}, 60_000);
afterAll(() => platform?.stop());

const now = async (): Promise<Date> =>
  new Date((await platform.server.get<{ now: string }>('/v1/test-clock')).body.now);
const advance = (seconds: number) => ok(platform.server.post('/v1/test-clock/advance', { seconds }));
const advanceTo = async (at: number) => advance(Math.ceil((at - (await now()).getTime()) / 1000));
async function ok<T>(answer: Promise<{ readonly status: number; readonly body: T }>): Promise<T> {
  const { status, body } = await answer;
  expect(status < 300 ? null : body).toBeNull();
  return body;
}
type Row = Readonly<Record<string, string | null>>;
const figures = async (view: string, query = ''): Promise<readonly Row[]> =>
  (await ok(platform.server.get<{ data: { items: readonly Row[] } }>(`/api/admin/billing/finance/${view}${query}`)))
    .data.items;
const report = (userId: string, tokensUsed: number) =>
  ok(platform.server.post('/api/token-billing/process-usage', { userId, tokensUsed }));
const card = async (userId: string, method = 'pm_card_visa'): Promise<string> =>
  (
    await ok(
      platform.server.put<{ customer_id: string }>(`/api/admin/billing/customers/${userId}`, {
        payment_method: method,
      }),
    )
  ).customer_id;
const subscribe = async (customerId: string): Promise<string> =>
  (
    await ok(
      platform.server.post<{ data: { subscriptionId: string } }>('/api/token-billing/create-subscription', {
        customerId,
      }),
    )
  ).data.subscriptionId;
const plan = (name: string, content: object) =>
  ok(
    platform.server.post('/api/admin/catalog/price-plans', {
      name,
      content: { included: 1_000_000, block: 1_000_000, ...content },
    }),
  );
const onPlan = (user: string, name: string) =>
  ok(
    platform.server.post('/v1/accounts', {
      id: `metered:${user}`,
      kind: 'metered',
      unit: 'tokens',
      settings: { plan: name },
    }),
  );
const payments = (count: number) =>
  waitFor(`${count} payments`, async () => (await figures('payments')).length === count, 30_000);
const sums = async (view: string): Promise<readonly string[]> =>
  (await figures(view)).map((row) =>
    ['month', 'currency', 'kind', 'count', 'amount'].map((name) => row[name]).join(' '),
  );
const summary = async (user: string): Promise<unknown> => {
  const { data } = await ok(
    platform.server.get<{ data: Record<string, unknown> }>(
      `/api/token-billing/user-summary/${user}?periodStart=${month}-05`,
    ),
  );
  return ['currency', 'fixed_fee_charged', 'tier_charges_total', 'credited', 'refunded', 'paid', 'owed'].map(
    (name) => data[name],
  );
};
type Statement = { readonly accounts: readonly Readonly<Record<string, { readonly amount: string }>>[] };
const statement = async (user: string, period: string): Promise<unknown> =>
  (await ok(platform.server.get<Statement>(`/v1/customers/${user}/statements/${period}`))).accounts.map((account) =>
    ['opening', 'usage', 'fees', 'credits', 'payments', 'refunds', 'closing']
      .map((name) => account[name]?.amount)
      .join(' '),
  );

async function useTheMonth(): Promise<void> {
  await plan('dollars', { block_price: 900, fixed_fee: 3_000, currency: 'USD' });
  await plan('yen', { block_price: 1_000, fixed_fee: 3_000, currency: 'JPY' });
  await plan('small', { block_price: 500, fixed_fee: 1_000, currency: 'BRL' });
  await onPlan('cleo', 'dollars');
  await onPlan('dai', 'yen');
  for (const user of ['ann', 'dai', 'gus', 'hal', 'ivy', 'jon']) await card(user);
  await card('eve', 'pm_card_chargeDeclined');
  for (const user of ['bob', 'cleo']) await subscribe(await card(user));
  const ends = await subscribe(await card('kim'));
  const used = {
    ann: 10_000_000,
    bob: 25_000_000,
    cleo: 2_500_000,
    dai: 3_200_000,
    eve: 9_000_000,
    fay: 17_000_000,
    gus: 7_000_000,
    hal: 16_000_001,
    ivy: 9_000_000,
    jon: 9_000_000,
  };
  for (const [user, tokens] of Object.entries(used)) await report(user, tokens);
  // ann 1, bob 3, cleo 2, dai 3, hal 2, ivy 1, jon 1
  await payments(13);
  await waitFor(
    'the fees',
    async () => (await figures('fees')).filter(({ status }) => status === 'paid').length === 3,
    30_000,
  );
  await platform.atStripe('DELETE', `subscriptions/${ends}`);
  const { items } = await ok(
    platform.server.get<{ items: readonly { id: string; kind: string }[] }>('/v1/accounts/metered%3Ahal/entries'),
  );
  await ok(
    platform.server.post(`/v1/entries/${items.findLast(({ kind }) => kind === 'spent')?.id}/correct`, {
      reason: 'counted twice',
      amount: '7000001',
    }),
  );
  await ok(platform.server.patch('/v1/accounts/metered%3Ajon', { settings: { plan: 'small' } }));
  await waitFor('the credit', async () => (await figures('credit_notes')).length === 1);
}

async function useTheNext(): Promise<void> {
  await advanceTo(end + 20 * 60_000);
  await ok(
    platform.server.post(
      '/v1/events?wait=booked',
      {
        specversion: '1.0',
        source: '/late',
        id: 'gus-1',
        type: 'request',
        subject: 'metered:gus',
        time: new Date(end - 3_600_000).toISOString(),
        data: { quantity: 2_000_000 },
      },
      { 'content-type': 'application/cloudevents+json' },
    ),
  );
  await report('jon', 2_500_000);
  // gus 1, jon 2
  await payments(16);
  await advanceTo(end + 3_600_000 + 120_000);
  const [proposal] = await figures('refunds');
  await ok(platform.server.post(`/api/admin/billing/refunds/${proposal?.['id']}/approve`));
  const ivy = (await figures('payments')).find(({ user_id: user }) => user === 'ivy');
  await platform.atStripe('POST', 'refunds', { payment_intent: ivy?.['payment_intent'] ?? '', amount: '4000' });
  await waitFor(
    'the refunds',
    async () => (await figures('refunds')).filter(({ status }) => status === 'succeeded').length === 2,
    30_000,
  );
  await waitFor(
    'the fees',
    async () =>
      (await figures('fees')).filter(({ status, amount_minor: amount }) => status === 'paid' && amount !== '0')
        .length === 5,
    30_000,
  );
  await advance(120);
}

describe('a month of eleven customers', () => {
  // Guarantee: what every view says of a month is what was used, paid and given back, worked out by hand.
  it('is the same in every view, closes, and stays', async () => {
    await useTheMonth();
    await useTheNext();

    // BRL usage: ann 100 + bob 300 + gus 100 + hal 200 + ivy 100 + jon 100; fees bob, kim.
    expect(await sums('revenue')).toEqual([
      `${month} BRL credit 1 -100.00`,
      `${month} BRL fee 2 800.00`,
      `${month} BRL refund 1 -40.00`,
      `${month} BRL usage 9 900.00`,
      `${month} JPY usage 3 3000`,
      `${month} USD fee 1 30.00`,
      `${month} USD usage 2 18.00`,
      `${next} BRL fee 1 400.00`,
      `${next} BRL usage 2 10.00`,
      `${next} USD fee 1 30.00`,
    ]);
    const cash = new Map<string, bigint>();
    for (const { month: at, currency, amount_minor: amount } of await figures('cash'))
      cash.set(`${at} ${currency}`, (cash.get(`${at} ${currency}`) ?? 0n) + BigInt(amount ?? '0'));
    // The month: ann 100 + bob 300 + hal 200 + ivy 100 + jon 100, fees 800. The next: gus 100 + jon 10, fee 400, hal
    // -100, ivy -40.
    expect(Object.fromEntries(cash)).toEqual({
      [`${month} BRL`]: 160_000n,
      [`${month} USD`]: 4_800n,
      [`${month} JPY`]: 3_000n,
      [`${next} BRL`]: 37_000n,
      [`${next} USD`]: 3_000n,
    });
    expect(
      (await figures('open_receivables')).map(({ month: at, user_id: user, status, amount }) =>
        [at, user, status, amount].join(' '),
      ),
    ).toEqual([`${month} eve failed 100.00`, `${month} fay pending 100.00`, `${month} fay pending 100.00`]);
    const usage = await figures('usage', `?month=${month}`);
    expect(
      usage.map(({ account, ledger_units: units, blocks_entered: blocks }) => [account, units, blocks].join(' ')),
    ).toEqual([
      'metered:ann 10000000 1',
      'metered:bob 25000000 3',
      'metered:cleo 2500000 2',
      'metered:dai 3200000 3',
      'metered:eve 9000000 1',
      'metered:fay 17000000 2',
      'metered:gus 9000000 1',
      'metered:hal 9000000 1',
      'metered:ivy 9000000 1',
      'metered:jon 9000000 1',
    ]);
    expect(
      usage.filter(
        ({ difference, unbilled_units: unbilled, blocks_charged_beyond: beyond }) =>
          difference !== '0' || unbilled !== '0' || beyond !== '0',
      ),
    ).toEqual([]);

    // currency, fee, blocks, credited, refunded, paid, owed
    const summaries = {
      ann: ['BRL', 0, 10_000, 0, 0, 10_000, 0],
      bob: ['BRL', 40_000, 30_000, 0, 0, 70_000, 0],
      cleo: ['USD', 3_000, 1_800, 0, 0, 4_800, 0],
      dai: ['JPY', 0, 3_000, 0, 0, 3_000, 0],
      eve: ['BRL', 0, 10_000, 0, 0, 0, 10_000],
      fay: ['BRL', 0, 20_000, 0, 0, 0, 20_000],
      gus: ['BRL', 0, 10_000, 0, 0, 10_000, 0],
      hal: ['BRL', 0, 20_000, 10_000, 10_000, 20_000, 0],
      ivy: ['BRL', 0, 10_000, 0, 4_000, 10_000, 0],
      jon: ['BRL', 0, 10_000, 0, 0, 10_000, 0],
      kim: ['BRL', 40_000, 0, 0, 0, 40_000, 0],
    };
    for (const [user, expected] of Object.entries(summaries))
      expect([user, await summary(user)]).toEqual([user, expected]);

    // opening, usage, fees, credits, payments, refunds, closing
    const statements: readonly (readonly [string, string, string])[] = [
      ['bob', month, '0.00 300.00 400.00 0.00 -700.00 0.00 0.00'],
      ['cleo', next, '0.00 0.00 30.00 0.00 -30.00 0.00 0.00'],
      ['dai', month, '0 3000 0 0 -3000 0 0'],
      ['eve', next, '100.00 0.00 0.00 0.00 0.00 0.00 100.00'],
      ['fay', month, '0.00 200.00 0.00 0.00 0.00 0.00 200.00'],
      ['gus', month, '0.00 100.00 0.00 0.00 0.00 0.00 100.00'],
      ['gus', next, '100.00 0.00 0.00 0.00 -100.00 0.00 0.00'],
      ['hal', month, '0.00 200.00 0.00 -100.00 -200.00 0.00 -100.00'],
      ['hal', next, '-100.00 0.00 0.00 0.00 0.00 100.00 0.00'],
      ['ivy', next, '0.00 0.00 0.00 -40.00 0.00 40.00 0.00'],
      ['jon', next, '0.00 10.00 0.00 0.00 -10.00 0.00 0.00'],
      ['kim', month, '0.00 0.00 400.00 0.00 -400.00 0.00 0.00'],
    ];
    for (const [user, period, expected] of statements)
      expect([user, period, await statement(user, period)]).toEqual([user, period, [expected]]);

    const reconciled = await platform.cli('reconcile', '--period', month);
    expect([reconciled.how, reconciled.output]).toEqual(['exit code 0', expect.stringMatching(/no difference/i)]);
    expect(
      (await figures('trial_balance')).filter(
        ({ side, amount }) => side?.startsWith('total') === true && amount !== '0',
      ),
    ).toEqual([]);
    const close = () => platform.cli('close', '--period', month, '--json');
    const closed = await close();
    expect([closed.how, JSON.parse(closed.output)]).toEqual([
      'exit code 0',
      expect.objectContaining({ period: month, type: 'closed', number: 1 }),
    ]);
    expect(await close()).toEqual(closed);
    expect((await platform.cli('verify-chain')).how).toBe('exit code 0');
    expect((await platform.cli('rebuild', '--check')).how).toBe('exit code 0');
  }, 180_000);
});
