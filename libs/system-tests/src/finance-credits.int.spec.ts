import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { EmbeddedPlatform } from './harness/embedded.ts';

type Row = Readonly<Record<string, string | null>>;
let platform: EmbeddedPlatform;
beforeAll(async () => void (platform = await EmbeddedPlatform.start({ TEST_CLOCK: '1' })), 60_000);
afterAll(() => platform?.stop());

const now = async (): Promise<Date> =>
  new Date((await platform.server.get<{ now: string }>('/v1/test-clock')).body.now);
async function ok<T>(answer: Promise<{ readonly status: number; readonly body: T }>): Promise<T> {
  const { status, body } = await answer;
  expect(status < 300 ? null : body).toBeNull();
  return body;
}
const figures = async (view: string, query = ''): Promise<readonly Row[]> =>
  (await ok(platform.server.get<{ data: { items: readonly Row[] } }>(`/api/admin/billing/finance/${view}${query}`)))
    .data.items;
const sum = (rows: readonly Row[]): number => rows.reduce((total, row) => total + Number(row['amount_minor']), 0);
/** Two blocks of 100.00 are paid, and the second is corrected away: its refund is proposed. */
async function credited(user: string): Promise<string> {
  await ok(platform.server.post('/api/token-billing/process-usage', { userId: user, tokensUsed: 17_000_000 }));
  await waitFor('two payments', async () => (await figures('payments', `?user=${user}`)).length === 2);
  const { items } = await ok(
    platform.server.get<{ items: readonly { id: string; kind: string }[] }>(`/v1/accounts/metered%3A${user}/entries`),
  );
  await ok(
    platform.server.post(`/v1/entries/${items.findLast(({ kind }) => kind === 'spent')?.id}/correct`, {
      reason: 'reported twice',
      amount: '2000000',
    }),
  );
  return waitFor('the proposal', async () => (await figures('refunds', `?user=${user}`))[0]?.['id'] ?? false);
}
const card = (user: string) =>
  ok(
    platform.server.put<{ customer_id: string }>(`/api/admin/billing/customers/${user}`, {
      payment_method: 'pm_card_visa',
    }),
  );
const decline = (id: string, body: object) =>
  platform.server.post<{ data: Row }>(`/api/admin/billing/refunds/${id}/decline`, body);

// Guarantee: a credit that is not paid back is used once or given up for a reason, and no figure has it twice.
it('a declined refund lowers the next invoice once, or is forfeited; fee and credit are shown apart', async () => {
  const { customer_id: customerId } = await card('ann');
  await ok(platform.server.post('/api/token-billing/create-subscription', { customerId }));
  await card('bea');
  const [ann, bea] = [await credited('ann'), await credited('bea')];
  for (const body of [{ reason: 'no' }, { reason: 'no', credit: 'keep' }, { credit: 'forfeit' }])
    expect([body, (await decline(ann, body)).status]).toEqual([body, 400]);
  // Nobody's invoice comes next.
  expect((await decline(bea, { reason: 'agreed', credit: 'apply' })).body).toMatchObject({
    success: false,
    details: { code: 'REFUND_NOT_OPEN' },
  });
  expect((await platform.cli('refunds', 'decline', bea, '--reason', 'no')).how).toBe('exit code 1');
  expect((await ok(decline(bea, { reason: 'contract ended', credit: 'forfeit' }))).data).toMatchObject({
    status: 'declined',
    method: 'refund',
  });
  const applied = await platform.cli('refunds', 'decline', ann, '--apply', '--reason', 'agreed by phone');
  expect([applied.how, applied.output]).toEqual(['exit code 0', expect.stringContaining('invoice')]);
  await waitFor('the invoice item', async () => (await figures('refunds', '?user=ann'))[0]?.['status'] === 'succeeded');
  expect((await decline(ann, { reason: 'again', credit: 'apply' })).status).toBe(409);
  expect((await figures('credit_notes')).map(({ user_id: user, proposal }) => `${user}: ${proposal}`).sort()).toEqual([
    'ann: credit of 100.00 BRL applied to the next invoice',
    'bea: credit of 100.00 BRL forfeited: contract ended',
  ]);

  const start = await now();
  const border = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1);
  const [first, second] = [start.toISOString().slice(0, 7), new Date(border).toISOString().slice(0, 7)];
  await ok(
    platform.server.post('/v1/test-clock/advance', { seconds: Math.ceil((border - start.getTime()) / 1000) + 7_200 }),
  );
  await waitFor(
    'the second fee',
    async () => (await figures('fees')).filter(({ status }) => status === 'paid').length === 2,
  );
  expect(
    (await figures('fees')).map(({ month, amount_minor: minor, credit_minor: credit, net_minor: net }) => [
      month,
      minor,
      credit,
      net,
    ]),
  ).toEqual([
    [first, '40000', '0', '40000'],
    [second, '40000', '10000', '30000'],
  ]);
  // ann: 400 + 200 − 100 and 400; bea: 200 − 100 + 100.
  expect(
    (await figures('revenue')).map(({ month, kind, count, amount }) => `${month} ${kind} ${count} ${amount}`),
  ).toEqual([
    `${first} credit 2 -200.00`,
    `${first} fee 1 400.00`,
    `${first} forfeit 1 100.00`,
    `${first} usage 4 400.00`,
    `${second} fee 1 400.00`,
  ]);
  expect((await figures('cash')).map(({ month, kind, amount }) => `${month} ${kind} ${amount}`).sort()).toEqual([
    `${first} fee 400.00`,
    ...Array.from({ length: 4 }, () => `${first} payment 100.00`),
    `${second} fee 300.00`,
  ]);
  // 400 + 4 × 100 + 300: what Stripe has taken, and all that the statements say.
  const [stripe] = await platform.rows<{
    sum: number;
  }>(`select sum((body ->> case kind when 'invoice' then 'amount_paid' else 'amount' end)::int)::int as sum
    from stripe_simulator.objects where kind in ('charge', 'invoice')`);
  expect([
    stripe?.sum,
    sum(await figures('cash')),
    sum(await figures('statement')),
    sum(await figures('revenue')),
  ]).toEqual([110_000, 110_000, 110_000, 110_000]);
  expect(
    (await figures('statement', '?user=ann')).map(({ kind, amount, status }) => `${kind} ${amount} ${status}`).sort(),
  ).toEqual([
    'credit -100.00 applied',
    'fee 400.00 paid',
    'fee 400.00 paid',
    'usage 100.00 succeeded',
    'usage 100.00 succeeded',
  ]);
  expect(
    (await figures('statement', '?user=bea')).map(({ kind, amount, status }) => `${kind} ${amount} ${status}`).sort(),
  ).toEqual([
    'credit -100.00 forfeited',
    'forfeit 100.00 forfeited',
    'usage 100.00 succeeded',
    'usage 100.00 succeeded',
  ]);
  // Nobody owes anything.
  expect([
    sum(await figures('receivables_ledger', '?user=ann')),
    sum(await figures('receivables_ledger', '?user=bea')),
  ]).toEqual([0, 0]);
  const summary = async (user: string, month: string): Promise<unknown> => {
    const { data } = await ok(
      platform.server.get<{ data: Readonly<Record<string, unknown>> }>(
        `/api/token-billing/user-summary/${user}?periodStart=${month}-05`,
      ),
    );
    return ['fixed_fee_charged', 'tier_charges_total', 'credited', 'refunded', 'paid', 'owed'].map(
      (name) => data[name],
    );
  };
  expect([await summary('ann', first), await summary('ann', second), await summary('bea', first)]).toEqual([
    [40_000, 20_000, 10_000, 0, 60_000, 0],
    [40_000, 0, 0, 0, 30_000, 0],
    [0, 20_000, 10_000, 0, 20_000, 0],
  ]);
  for (const period of [first, second])
    expect((await platform.cli('reconcile', '--period', period)).how).toBe('exit code 0');
}, 120_000);
