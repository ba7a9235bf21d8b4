import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { EmbeddedPlatform } from './harness/embedded.ts';

type Line = {
  readonly month: string;
  readonly service_month: string;
  readonly kind: string;
  readonly amount: string;
  readonly user_id: string | null;
  readonly cash_month: string | null;
};
let platform: EmbeddedPlatform;
let [first, second] = ['', ''];
beforeAll(async () => {
  platform = await EmbeddedPlatform.start({ TEST_CLOCK: '1' });
  const start = await now();
  first = start.toISOString().slice(0, 7);
  second = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1)).toISOString().slice(0, 7);
}, 60_000);
afterAll(() => platform?.stop());

const now = async (): Promise<Date> =>
  new Date((await platform.server.get<{ now: string }>('/v1/test-clock')).body.now);
const advanceTo = async (at: number): Promise<void> =>
  void (await platform.server.post('/v1/test-clock/advance', {
    seconds: Math.ceil((at - (await now()).getTime()) / 1000),
  }));
async function ok<T>(answer: Promise<{ readonly status: number; readonly body: T }>): Promise<T> {
  const { status, body } = await answer;
  expect(status < 300 ? null : body).toBeNull();
  return body;
}
const report = (userId: string, tokensUsed: number) =>
  ok(platform.server.post('/api/token-billing/process-usage', { userId, tokensUsed }));
const card = (userId: string) =>
  ok(
    platform.server.put<{ customer_id: string }>(`/api/admin/billing/customers/${userId}`, {
      payment_method: 'pm_card_visa',
    }),
  );
async function figures<Row = Line>(view: string, query = ''): Promise<readonly Row[]> {
  return (
    await ok(platform.server.get<{ data: { items: readonly Row[] } }>(`/api/admin/billing/finance/${view}${query}`))
  ).data.items;
}
const revenue = async (query = ''): Promise<readonly string[]> =>
  (await figures('revenue', query)).map(({ month, kind, amount }) => `${month} ${kind} ${amount}`);
const cash = async (query = ''): Promise<readonly string[]> =>
  (await figures('cash', query))
    .map(({ month, service_month: service, kind, amount }) => `${month} ${kind} of ${service} ${amount}`)
    .sort();

/** What Stripe has taken less what it gave back, by the day on which it did, from its own objects. */
async function balance(): Promise<Readonly<Record<string, string>>> {
  const rows = await platform.rows<{ month: string; sum: string }>(`
    select to_char(to_timestamp(at) at time zone 'UTC', 'YYYY-MM') as month, sum(amount)::text as sum from (
      select created as at, (body ->> 'amount')::bigint as amount from stripe_simulator.objects where kind = 'charge'
      union all select (body -> 'status_transitions' ->> 'paid_at')::bigint, (body ->> 'amount_paid')::bigint
        from stripe_simulator.objects where kind = 'invoice' and body ->> 'status' = 'paid'
      union all select created, -(body ->> 'amount')::bigint from stripe_simulator.objects where kind = 'refund') moved
    group by 1`);
  return Object.fromEntries(rows.map(({ month, sum }) => [month, sum]));
}
async function cashSums(): Promise<Readonly<Record<string, string>>> {
  const sums = new Map<string, bigint>();
  for (const { month, amount_minor: minor } of await figures<{ month: string; amount_minor: string }>('cash'))
    sums.set(month, (sums.get(month) ?? 0n) + BigInt(minor));
  return Object.fromEntries([...sums].map(([month, sum]) => [month, String(sum)]));
}

describe('the months of finance', () => {
  // Guarantee: a closed month's service figures and the bank's figures are two columns, each with one meaning.
  it(
    "are that of the service and that of the money, in every view; the cash is Stripe's balance; each figure " +
      'is there as it was',
    async () => {
      const fee = await card('fee');
      await ok(platform.server.post('/api/token-billing/create-subscription', { customerId: fee.customer_id }));
      await card('ann');
      // Two blocks of 100.00, paid in the first month; the second is corrected away and credited.
      await report('ann', 17_000_000);
      await waitFor('two payments', async () => (await figures('payments')).length === 2);
      const { items } = await ok(
        platform.server.get<{ items: readonly { id: string; kind: string }[] }>('/v1/accounts/metered%3Aann/entries'),
      );
      const spent = items.findLast(({ kind }) => kind === 'spent')?.id;
      await ok(platform.server.post(`/v1/entries/${spent}/correct`, { reason: 'reported twice', amount: '2000000' }));
      // One block that nobody can pay yet.
      await report('late', 9_000_000);
      await waitFor('the credit', async () => (await figures('credit_notes')).length === 1);
      await waitFor('the charge', async () => (await figures('open_receivables')).length === 1);
      const start = await now();
      const border = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1);
      await advanceTo(border - 60_000);
      const asOf = `?as_of=${(await now()).toISOString()}`;
      const atTheEnd = [`${first} credit -100.00`, `${first} fee 400.00`, `${first} usage 200.00`];
      expect([await revenue(), await revenue(asOf)]).toEqual([atTheEnd, atTheEnd]);

      await advanceTo(border + 86_400_000);
      await waitFor(
        'the second fee',
        async () => (await figures<{ status: string }>('fees')).filter(({ status }) => status === 'paid').length === 2,
      );
      await card('late');
      await waitFor('the late payment', async () => (await figures('payments')).length === 3);
      const [proposed] = await figures<{ id: string }>('refunds');
      await ok(platform.server.post(`/api/admin/billing/refunds/${proposed?.id}/approve`));
      await waitFor(
        'the refund',
        async () => (await figures<{ status: string }>('refunds'))[0]?.status === 'succeeded',
      );

      expect(await revenue()).toEqual([
        `${first} credit -100.00`,
        `${first} fee 400.00`,
        `${first} usage 300.00`,
        `${second} fee 400.00`,
      ]);
      expect(await cash()).toEqual([
        `${first} fee of ${first} 400.00`,
        `${first} payment of ${first} 100.00`,
        `${first} payment of ${first} 100.00`,
        `${second} fee of ${second} 400.00`,
        `${second} payment of ${first} 100.00`,
        `${second} refund of ${first} -100.00`,
      ]);
      // 400 + 2 × 100; 400 + 100 − 100.
      expect([await cashSums(), await balance()]).toEqual([
        { [first]: '60000', [second]: '40000' },
        { [first]: '60000', [second]: '40000' },
      ]);
      expect(await figures('statement', `?user=late&month=${first}`)).toEqual([
        expect.objectContaining({
          kind: 'usage',
          month: first,
          cash_month: second,
          paid_at: expect.stringContaining(second),
          status: 'succeeded',
        }),
      ]);
      expect(await figures('credit_notes')).toEqual([
        expect.objectContaining({
          corrected_entry: spent,
          correction_reason: 'reported twice',
          proposal: expect.stringMatching(new RegExp(`^100\\.00 BRL of pi_[0-9a-f]+ refunded on ${second}-02$`)),
        }),
      ]);
      expect(await figures('credit_notes', asOf)).toEqual([
        expect.objectContaining({ proposal: expect.stringMatching(/^refund 100\.00 BRL of pi_[0-9a-f]+: proposed$/) }),
      ]);
      expect(await figures('refunds')).toEqual([expect.objectContaining({ month: first, cash_month: second })]);
      expect(await figures('payments', `?user=late`)).toEqual([
        expect.objectContaining({ month: first, cash_month: second, paid_at: expect.stringContaining(second) }),
      ]);

      // As it was at the end of the first month.
      expect([await revenue(asOf), await cash(asOf)]).toEqual([
        atTheEnd,
        [
          `${first} fee of ${first} 400.00`,
          `${first} payment of ${first} 100.00`,
          `${first} payment of ${first} 100.00`,
        ],
      ]);
      expect(await figures('open_receivables', asOf)).toEqual([
        expect.objectContaining({ user_id: 'late', amount: '100.00', reason: 'no_customer' }),
      ]);
      expect(await figures('open_receivables')).toEqual([]);
      expect(await figures('refunds', asOf)).toEqual([
        expect.objectContaining({ status: 'proposed', succeeded_at: null, cash_month: null }),
      ]);
      expect(
        (await figures<{ ledger_units: string; difference: string }>('usage', asOf))
          .map(({ ledger_units: units, difference }) => [units, difference])
          .sort(),
      ).toEqual([
        ['15000000', '0'],
        ['9000000', '0'],
      ]);
      const exported = await platform.cli('finance', 'export', 'revenue', '--as-of', asOf.slice(7));
      expect(exported.output).toContain(`${first},BRL,usage,2,20000,200.00`);
      expect((await platform.cli('finance', 'export', 'revenue', '--as-of', 'yesterday')).how).toBe('exit code 1');
    },
    120_000,
  );
});
