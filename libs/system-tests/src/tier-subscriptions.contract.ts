import { randomUUID } from 'node:crypto';

import { expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { ChargeTools } from './harness/charge-tools.ts';
import { newPerson } from './harness/people.ts';

/** Subscriptions, their fees and currencies (surfaces §5). */
export function subscriptions(tools: ChargeTools): void {
  const { platform, user, customer, report, summary } = tools;

  it('start a subscription once: the whole fee now, shown as charged when its invoice is paid', async () => {
    const { client, id } = await newPerson(platform());
    const { customer_id: customerId } = await customer(id, { payment_method: 'pm_card_visa' });
    const path = '/api/token-billing/create-subscription';
    const first = await client.post<{ data: { subscriptionId: string } }>(
      path,
      { customerId },
      { 'idempotency-key': 's' },
    );
    const nextMonth = new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() + 1, 1)).toISOString();
    expect([first.status, first.body]).toEqual([
      200,
      {
        success: true,
        data: {
          subscriptionId: expect.stringMatching(/^sub_/),
          amount: 40_000,
          status: 'active',
          currentPeriodStart: expect.any(String),
          currentPeriodEnd: nextMonth,
        },
      },
    ]);
    const again = await client.post(path, { customerId }, { 'idempotency-key': 's' });
    expect([again.status, again.body, again.headers.get('idempotent-replay')]).toEqual([200, first.body, 'true']);
    expect((await platform().server.post(path, { customerId })).body).toEqual(first.body);
    await waitFor(
      'the fee',
      async () => ((await summary(id)) as { fixed_fee_charged: number }).fixed_fee_charged === 40_000,
    );
    // Nothing was used yet: SQL says what HTTP says, to a reader as well.
    const sql =
      'select total_tokens, current_tier, fixed_fee_charged, tier_charges_count, total_charged from ' +
      'get_user_token_summary($1)';
    const feeOnly = [
      {
        total_tokens: '0',
        current_tier: '0-8M',
        fixed_fee_charged: '40000',
        tier_charges_count: '0',
        total_charged: '40000',
      },
    ];
    expect(await platform().rows(sql, [id])).toEqual(feeOnly);
    expect(await platform().rows(sql, [id], ['set role tollgate_reader', `set app.user_id = '${id}'`])).toEqual(
      feeOnly,
    );
    expect(
      await platform().rows(sql, [id], ['set role tollgate_reader', `set app.user_id = 'somebody-else'`]),
    ).toMatchObject([{ fixed_fee_charged: '0', total_charged: '0' }]);
    await report(id, 10_000_000);
    expect(await summary(id)).toMatchObject({
      total_tokens: 10_000_000,
      current_tier: '8M-16M',
      fixed_fee_charged: 40_000,
      tier_charges_count: 1,
      tier_charges_total: 10_000,
      total_charged: 50_000,
      credited: 0,
      refunded: 0,
      paid: 50_000,
      owed: 0,
    });
    expect(
      await platform().rows('select fixed_fee_charged, total_charged from get_user_token_summary($1)', [id]),
    ).toEqual([{ fixed_fee_charged: '40000', total_charged: '50000' }]);
    const unknown = await platform().server.post(path, { customerId: 'cus_nobody' });
    expect([unknown.status, unknown.body]).toEqual([
      404,
      { success: false, error: 'Customer not found', details: expect.any(Object) },
    ]);
    const others = await client.post(path, { customerId: 'cus_nobody' });
    expect([
      others.status,
      (await platform().anybody.post(path, { customerId })).status,
      (await platform().server.post(path, { customerId: 7 })).status,
    ]).toEqual([403, 401, 400]);
  });

  // Guarantee: what cannot be charged is refused where it is said, with its reason, and leaves nothing behind.
  it(
    'by a plan that cannot be charged, or of a customer that is not there, are refused with a reason, and ' +
      'nothing is stored',
    async () => {
      const name = `refused-${randomUUID()}`;
      const plan = { included: 8_000_000, block: 8_000_000, block_price: 10_000, fixed_fee: 40_000, currency: 'BRL' };
      const publish = (content: object, more = {}) =>
        platform().server.post('/api/admin/catalog/price-plans', { name, content, ...more });
      const stored = async (): Promise<number> =>
        (await platform().rows('select 1 from billing.catalog_versions where name = $1', [name])).length;
      const wrong: readonly (readonly [object, string])[] = [
        [{ block: 0 }, 'block'],
        [{ block: -1 }, 'block'],
        [{ block: 1.5 }, 'block'],
        [{ block_price: -1 }, 'block_price'],
        [{ block_price: '10.5' }, 'block_price'],
        [{ block_price: '1000000000000' }, 'block_price'],
        [{ fixed_fee: -1 }, 'fixed_fee'],
        [{ included: -1 }, 'included'],
        [{ currency: 'XXX' }, 'currency'],
        [{ currency: 'BRLX' }, 'currency'],
        [{ currency: 7 }, 'currency'],
        [{ currency: 'KWD', block_price: 10_001 }, 'block_price'],
        [{ time_zone: 'Nowhere/Land' }, 'time_zone'],
      ];
      for (const [change, member] of wrong) {
        const { status, body } = await publish({ ...plan, ...change });
        expect([change, status, body]).toEqual([
          change,
          400,
          expect.objectContaining({ code: 'CATALOG_INVALID', detail: expect.stringContaining(member) }),
        ]);
      }
      expect(await stored()).toBe(0);
      const from = new Date(Date.now() + 86_400_000).toISOString();
      expect((await publish(plan, { effective_from: from })).status).toBe(201);
      const overlap = await publish({ ...plan, block_price: 1 }, { effective_from: from });
      expect([overlap.status, overlap.body]).toEqual([
        409,
        expect.objectContaining({ code: 'CATALOG_CONFLICT', detail: expect.any(String) }),
      ]);
      expect(await stored()).toBe(1);

      const id = user();
      expect(
        (await platform().server.put(`/api/admin/billing/customers/${id}`, { customer_id: 'cus_nobody' })).body,
      ).toEqual({
        success: false,
        error: 'Customer not found',
        details: expect.objectContaining({ code: 'CUSTOMER_UNKNOWN' }),
      });
      expect(
        await platform().rows('select 1 from billing.customers where user_id = $1 and customer_id is not null', [id]),
      ).toEqual([]);
      expect(
        (await platform().server.post('/api/token-billing/create-subscription', { customerId: 'cus_nobody' })).status,
      ).toBe(404);
      expect(await platform().rows(`select 1 from billing.subscriptions where customer_id = 'cus_nobody'`)).toEqual([]);
    },
  );

  // Guarantee: what is in one currency is never added to what is in another, on the surface and in SQL.
  it('of a plan in another currency, and its fee, are in that currency, and added to no other', async () => {
    const [id, name] = [user(), `dollars-${randomUUID()}`];
    const { server } = platform();
    const content = { included: 1_000_000, block: 1_000_000, block_price: 900, fixed_fee: 3_000, currency: 'USD' };
    expect((await server.post('/api/admin/catalog/price-plans', { name, content })).status).toBe(201);
    expect(
      (
        await server.post('/v1/accounts', {
          id: `metered:${id}`,
          kind: 'metered',
          unit: 'tokens',
          settings: { plan: name },
        })
      ).status,
    ).toBe(201);
    const { customer_id: customerId } = await customer(id, { payment_method: 'pm_card_visa' });
    expect(
      (await server.post<{ data: unknown }>('/api/token-billing/create-subscription', { customerId })).body.data,
    ).toMatchObject({ amount: 3_000, status: 'active' });
    await report(id, 2_500_000);
    await waitFor(
      'the fee',
      async () => ((await summary(id)) as { fixed_fee_charged: number }).fixed_fee_charged === 3_000,
    );
    const start = `${new Date().toISOString().slice(0, 8)}01`;
    await platform().rows(
      `insert into billing.invoices (invoice_id, subscription_id, customer_id, status, amount_minor, currency,
          period_start, told_at)
        values ($1, 'sub_other', $2, 'paid', 40000, 'BRL', $3, now())`,
      [`in_${name}`, customerId, start],
    );
    const dollars = {
      fixed_fee_charged: 3_000,
      tier_charges_count: 2,
      tier_charges_total: 1_800,
      total_charged: 4_800,
      credited: 0,
      refunded: 0,
      paid: 4_800,
      owed: 0,
      currency: 'USD',
    };
    const reais = {
      ...dollars,
      fixed_fee_charged: 40_000,
      tier_charges_count: 0,
      tier_charges_total: 0,
      total_charged: 40_000,
      paid: 40_000,
      currency: 'BRL',
    };
    await waitFor('the payments', async () => ((await summary(id)) as { paid: number }).paid === 4_800);
    expect(await summary(id)).toEqual({
      total_tokens: 2_500_000,
      current_tier: '2M-3M',
      ...dollars,
      totals: [reais, dollars],
    });
    expect(
      await platform().rows(
        'select fixed_fee_charged, tier_charges_total, total_charged from get_user_token_summary($1)',
        [id],
      ),
    ).toEqual([{ fixed_fee_charged: '3000', tier_charges_total: '1800', total_charged: '4800' }]);
    await platform().rows('delete from billing.invoices where invoice_id = $1', [`in_${name}`]);
  });
}
