import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { EmbeddedPlatform } from './harness/embedded.ts';

type Row = Readonly<Record<string, string | null>>;
type Run = {
  readonly id: string;
  readonly remaining: number;
  readonly acknowledged: number;
  readonly differences: number;
  readonly items: readonly {
    readonly number: string;
    readonly kind: string;
    readonly reference: string;
    readonly acknowledged: { readonly by: string; readonly reason: string } | null;
  }[];
};
let platform: EmbeddedPlatform;
let [period, atS] = ['', 0];
beforeAll(async () => {
  platform = await EmbeddedPlatform.start({ TEST_CLOCK: '1' });
  const start = new Date((await platform.server.get<{ now: string }>('/v1/test-clock')).body.now);
  [period, atS] = [start.toISOString().slice(0, 7), Math.floor(start.getTime() / 1000)];
}, 60_000);
afterAll(() => platform?.stop());

const advance = (seconds: number) => platform.server.post('/v1/test-clock/advance', { seconds });
const figures = async (view: string, query = ''): Promise<readonly Row[]> => {
  const { status, body } = await platform.server.get<{ data: { items: readonly Row[] } }>(
    `/api/admin/billing/finance/${view}${query}`,
  );
  expect(status).toBe(200);
  return body.data.items;
};
/** A payment that somebody took at Stripe itself. */
const foreign = (id: string, amount: number) =>
  platform.rows(
    `insert into stripe_simulator.objects (id, kind, customer, created, body) values ($1, 'payment_intent', null,
      $2::bigint, jsonb_build_object('id', $1::text, 'object', 'payment_intent',
     'created', $2::bigint, 'livemode', false, 'amount', $3::bigint, 'amount_received', $3::bigint, 'currency', 'brl',
       'customer', null, 'payment_method', null, 'status', 'succeeded', 'latest_charge', null,
     'last_payment_error', null, 'metadata', '{}'::jsonb, 'description', null, 'canceled_at', null))
   on conflict (id) do update set body = excluded.body`,
    [id, atS, amount],
  );
async function reconcile(): Promise<{ readonly how: string; readonly run: Run }> {
  const { how, output } = await platform.cli('reconcile', '--period', period, '--json');
  return { how, run: JSON.parse(output) as Run };
}
const shown = ({ items }: Run) =>
  items
    .map(
      ({ kind, reference, acknowledged }) =>
        `${kind} ${reference}${acknowledged === null ? '' : ` (${acknowledged.reason})`}`,
    )
    .sort();

// Guarantee: the exit code says that something is new or undecided, not that something was once looked at.
it('differences are acknowledged for a while, payments assigned, and the exit code says what is left', async () => {
  await foreign('pi_shop', 5_000);
  await foreign('pi_transfer', 7_500);
  await advance(120);
  const found = await reconcile();
  expect([found.how, shown(found.run), found.run.remaining]).toEqual([
    'exit code 1',
    ['payment_foreign pi_shop', 'payment_foreign pi_transfer'],
    2,
  ]);
  const number = found.run.items.find(({ reference }) => reference === 'pi_shop')?.number ?? '';
  const path = `/api/admin/billing/reconcile/${found.run.id}/differences`;
  const until = new Date((atS + 30 * 86_400) * 1000).toISOString();
  for (const body of [
    { until },
    { reason: 'x' },
    { reason: 'x', until: '2020-01-01T00:00:00Z' },
    { reason: 'x', until: 'soon' },
  ]) {
    expect([body, (await platform.server.post(`${path}/${number}/acknowledge`, body)).status]).toEqual([body, 400]);
  }
  expect((await platform.server.post(`${path}/999999/acknowledge`, { reason: 'x', until })).status).toBe(404);
  expect((await platform.cli('acknowledge', found.run.id, number, '--reason', 'our shop', '--until', until)).how).toBe(
    'exit code 0',
  );
  const after = await reconcile();
  expect([after.how, shown(after.run), after.run.remaining, after.run.acknowledged]).toEqual([
    'exit code 1',
    ['payment_foreign pi_shop (our shop)', 'payment_foreign pi_transfer'],
    1,
    1,
  ]);

  // Whose the other one is: money on account of a customer, from the day on which it was paid.
  const assign = { user_id: 'ann', reason: 'bank transfer 118' };
  expect((await platform.server.post('/api/admin/billing/payments/pi_nothing/assign', assign)).status).toBe(404);
  const assigned = await platform.server.post('/api/admin/billing/payments/pi_transfer/assign', assign);
  expect([assigned.status, assigned.body]).toEqual([
    200,
    {
      success: true,
      data: expect.objectContaining({
        user_id: 'ann',
        amount_minor: '7500',
        currency: 'BRL',
        reason: 'bank transfer 118',
      }),
    },
  ]);
  expect(
    (await platform.server.post('/api/admin/billing/payments/pi_transfer/assign', { ...assign, user_id: 'bea' })).body,
  ).toEqual(assigned.body);
  expect(
    (await figures('cash')).map(
      ({ month, kind, reference, amount, user_id: user }) => `${month} ${kind} ${reference} ${amount} ${user}`,
    ),
  ).toEqual([`${period} assigned pi_transfer 75.00 ann`]);
  expect((await figures('receivables_ledger', '?user=ann')).map(({ kind, amount }) => `${kind} ${amount}`)).toEqual([
    'payment -75.00',
  ]);
  const clean = await reconcile();
  expect([clean.how, shown(clean.run), clean.run.remaining, clean.run.acknowledged]).toEqual([
    'exit code 0',
    ['payment_foreign pi_shop (our shop)'],
    0,
    1,
  ]);
  expect((await figures('comparisons')).map(({ remaining }) => remaining)).toEqual(['0']);
  const text = await platform.cli('reconcile', '--period', period);
  expect(text.output).toMatch(/1 difference, 0 fixed, 0 remain, 1 acknowledged/);

  // A payment of a charge needs nobody; one that says something else is new; and a while is over.
  expect(
    (await platform.server.put('/api/admin/billing/customers/ann', { payment_method: 'pm_card_visa' })).status,
  ).toBe(200);
  expect(
    (await platform.server.post('/api/token-billing/process-usage', { userId: 'ann', tokensUsed: 9_000_000 })).status,
  ).toBe(200);
  const own = await waitFor('the payment', async () => (await figures('payments'))[0]?.['payment_intent'] ?? false);
  expect((await platform.server.post(`/api/admin/billing/payments/${own}/assign`, assign)).body).toMatchObject({
    details: { code: 'PAYMENT_NOT_FOREIGN' },
  });
  // How the one try ended.
  expect(await figures('attempts')).toEqual([
    expect.objectContaining({ number: 1, outcome: 'paid', payment_intent: own }),
  ]);
  await foreign('pi_shop', 5_001);
  await advance(120);
  expect((await reconcile()).how).toBe('exit code 1');
  await foreign('pi_shop', 5_000);
  expect((await reconcile()).how).toBe('exit code 0');
  await advance(31 * 86_400);
  expect((await reconcile()).how).toBe('exit code 1');
  for (const table of ['acknowledgements', 'assigned_payments'])
    await expect(platform.rows(`delete from billing.${table}`)).rejects.toThrow('append-only');
}, 120_000);
