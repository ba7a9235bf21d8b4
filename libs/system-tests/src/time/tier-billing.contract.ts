import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { advance, day, hour, minute, nowMs, platform } from './timed.ts';

/** Months, plan versions, fees and retries (surfaces §5). */
export function tierBillingInTime(): void {
  describe('tier billing', () => {
    const report = (userId: string, tokensUsed: number, headers = {}) =>
      platform.server.post<{ data: { totalTokens: number; tierCharges: { id: string; billing_tier: string }[] } }>(
        '/api/token-billing/process-usage',
        { userId, tokensUsed },
        headers,
      );
    const summary = async (userId: string, at?: string): Promise<unknown> =>
      (
        await platform.server.get<{ data: unknown }>(
          `/api/token-billing/user-summary/${userId}${at === undefined ? '' : `?periodStart=${at}`}`,
        )
      ).body.data;
    const figures = (tokens: number, blocks: number, tier: string): object => ({
      total_tokens: tokens,
      current_tier: tier,
      fixed_fee_charged: 0,
      tier_charges_count: blocks,
      tier_charges_total: blocks * 10_000,
      total_charged: blocks * 10_000,
    });
    const intoNextMonth = async (seconds: number): Promise<void> => {
      const now = new Date(await nowMs());
      await advance(
        Math.ceil((Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1) - now.getTime()) / 1000) + seconds,
      );
    };
    const day1 = async (): Promise<string> => `${new Date(await nowMs()).toISOString().slice(0, 7)}-01`;

    it('starts each month at 0, charges its blocks under new ids, and keeps the months before', async () => {
      await intoNextMonth(day);
      const first = await day1();
      const before = (await report('biller', 9_000_000)).body.data;
      expect(await summary('biller')).toMatchObject(figures(9_000_000, 1, '8M-16M'));

      await intoNextMonth(30 * minute);

      expect(await summary('biller')).toMatchObject(figures(0, 0, '0-8M'));
      expect(await summary('biller', first)).toMatchObject(figures(9_000_000, 1, '8M-16M'));
      const after = (await report('biller', 8_000_001)).body.data;
      expect(after).toMatchObject({ totalTokens: 8_000_001, tierCharges: [{ billing_tier: '8M-16M' }] });
      expect(after.tierCharges[0]?.id).not.toBe(before.tierCharges[0]?.id);
      // What happened in the last month and arrives within the hour counts there.
      await platform.server.post(
        '/v1/events?wait=booked',
        {
          specversion: '1.0',
          source: '/late',
          id: 'late-1',
          type: 'request',
          subject: 'metered:biller',
          time: new Date((await nowMs()) - hour * 1000).toISOString(),
          data: { quantity: 7_000_001 },
        },
        { 'content-type': 'application/cloudevents+json' },
      );
      expect(await summary('biller', `${first.slice(0, 8)}15`)).toMatchObject(figures(16_000_001, 2, '16M-24M'));
      expect(await summary('biller')).toMatchObject(figures(8_000_001, 1, '8M-16M'));
      expect(await summary('biller', '2020-01-01')).toMatchObject(figures(0, 0, '0-8M'));
      const rows = await platform.rows(
        "select to_char(period_start, 'YYYY-MM-DD') as month, total_tokens, tier_charges_count from " +
          "token_usage_summary where user_id = 'biller' order by 1",
      );
      expect(rows).toEqual([
        { month: first, total_tokens: '16000001', tier_charges_count: '2' },
        { month: await day1(), total_tokens: '8000001', tier_charges_count: '1' },
      ]);
    });

    // Guarantee: a price that is published today changes no bill of the month under way (rule 17).
    it('prices a month by the plan version that was in force when it began, on every face of it', async () => {
      await intoNextMonth(day);
      const old = await day1();
      await report('planned', 8_000_001);
      const admin = platform.server;
      const content = {
        included: 1_000_000,
        block: '500000',
        block_price: 2_500,
        fixed_fee: 0,
        currency: 'BRL',
        time_zone: 'America/Sao_Paulo',
      };
      const published = await admin.post('/api/admin/catalog/price-plans', { content });
      expect([published.status, published.body]).toMatchObject([
        201,
        { catalog: 'price-plan', name: 'default', version: 2, status: 'booked', content },
      ]);
      expect((await admin.get('/api/admin/catalog/price-plans')).body).toMatchObject({
        items: [{ version: 2 }, { version: 1 }],
      });
      for (const [wrong, status] of [
        [{ content: { ...content, block: 0 } }, 400],
        [{ content, effective_from: '2020-01-01T00:00:00Z' }, 409],
        [{ content }, 409],
        [{}, 400],
      ] as const) {
        expect((await admin.post('/api/admin/catalog/price-plans', wrong)).status).toBe(status);
      }
      expect((await report('planned', 1)).body.data).toMatchObject({ totalTokens: 8_000_002, tierCharges: [] });
      expect(await summary('planned')).toMatchObject(figures(8_000_002, 1, '8M-16M'));

      await intoNextMonth(day);
      expect((await report('planned', 1_500_001)).body.data.tierCharges).toMatchObject([
        { billing_tier: '1M-1500000', amount_charged: 2_500 },
        { billing_tier: '1500000-2M', amount_charged: 2_500 },
      ]);
      expect(await summary('planned')).toMatchObject({
        total_tokens: 1_500_001,
        current_tier: '1500000-2M',
        tier_charges_total: 5_000,
        total_charged: 5_000,
      });
      expect(await summary('planned', old)).toMatchObject(figures(8_000_002, 1, '8M-16M'));
      const rows = await platform.rows(
        `select to_char(period_start, 'YYYY-MM-DD') as month, current_tier, tier_charges_total from token_usage_summary
          where user_id = 'planned' order by 1`,
      );
      expect(rows).toEqual([
        { month: old, current_tier: '8M-16M', tier_charges_total: '10000' },
        { month: await day1(), current_tier: '1500000-2M', tier_charges_total: '5000' },
      ]);
      expect(
        await platform.rows(
          `select billing_tier, amount_charged, currency from token_billing_charges where user_id = 'planned'
            order by period_start, block limit 2`,
        ),
      ).toEqual([
        { billing_tier: '8M-16M', amount_charged: '10000', currency: 'BRL' },
        { billing_tier: '1M-1500000', amount_charged: '2500', currency: 'BRL' },
      ]);
      // For the tests that follow: the price of the documents again, from the next month on.
      await admin.post('/api/admin/catalog/price-plans', {
        content: { included: 8_000_000, block: 8_000_000, block_price: 10_000, fixed_fee: 40_000, currency: 'BRL' },
        effective_from: new Date((await nowMs()) + 1_000).toISOString(),
      });
      await intoNextMonth(day);
    });

    it('takes the full fee at once and on each 1st, and retries a refused charge when its pause is over', async () => {
      await intoNextMonth(10 * day);
      const first = await day1();
      const put = async (userId: string, method: string): Promise<string> =>
        (
          await platform.server.put<{ customer_id: string }>(`/api/admin/billing/customers/${userId}`, {
            payment_method: method,
          })
        ).body.customer_id;
      const customerId = await put('subscribed', 'pm_card_visa');
      const { body } = await platform.server.post<{ data: object }>('/api/token-billing/create-subscription', {
        customerId,
      });
      expect(body.data).toMatchObject({ status: 'active', amount: 40_000 });
      const fee = async (at?: string): Promise<number> =>
        ((await summary('subscribed', at)) as { fixed_fee_charged: number }).fixed_fee_charged;
      await waitFor('the first fee', async () => (await fee()) === 40_000);

      await put('refused', 'pm_card_chargeDeclined');
      const [refused] = (await report('refused', 8_000_001)).body.data.tierCharges;
      const charge = async (): Promise<{ status: string; attempts: number }> =>
        (
          await platform.server.get<{ data: { items: { id: string; status: string; attempts: number }[] } }>(
            '/api/admin/billing/charges?user_id=refused',
          )
        ).body.data.items[0] ?? { status: '', attempts: 0 };
      expect(refused).toMatchObject({ status: 'failed' });
      await advance(hour * 2);
      await waitFor(
        'the second attempt',
        async () => (await charge()).attempts === 2 && (await charge()).status === 'failed',
      );
      expect(await charge()).toMatchObject({ id: refused?.id, status: 'failed' });

      await intoNextMonth(hour);
      await waitFor('the fee of the next month', async () => (await fee()) === 40_000);
      expect(await fee(first)).toBe(40_000);
      expect(
        (await platform.server.post<{ data: object }>('/api/token-billing/create-subscription', { customerId })).body
          .data,
      ).toMatchObject({ currentPeriodStart: `${await day1()}T00:00:00.000Z` });
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
}
