import { createHmac, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { EmbeddedPlatform } from './harness/embedded.ts';
import { newPerson } from './harness/people.ts';

type TierCharge = {
  readonly id: string;
  readonly billing_tier: string;
  readonly amount_charged: number;
  readonly status: string;
};
type Charge = {
  readonly id: string;
  readonly status: string;
  readonly reason: string | null;
  readonly payment_intent: string | null;
  readonly attempts: number;
};
type Customer = { readonly user_id: string; readonly customer_id: string; readonly payment_method: string | null };

/** What the embedded simulator signs with: a secret of its own. */
const simulatorSecret = async ({ dataDir }: EmbeddedPlatform): Promise<string> =>
  `whsec_${(await readFile(join(dataDir, 'secrets', 'stripe-simulator-webhook-secret'), 'utf8')).trim()}`;

/** Charges and subscriptions of tier billing on the Stripe simulator (surfaces §5, running.md §6). */
export function chargesThroughStripe(platform: () => EmbeddedPlatform): void {
  describe('charges', () => {
    const user = (): string => `payer-${randomUUID()}`;
    const customer = async (userId: string, body: object = {}): Promise<Customer> => {
      const { status, body: put } = await platform().server.put<Customer>(
        `/api/admin/billing/customers/${encodeURIComponent(userId)}`,
        body,
      );
      expect(status).toBe(200);
      return put;
    };
    const report = async (userId: string, tokensUsed: number, headers = {}): Promise<readonly TierCharge[]> => {
      const { status, body } = await platform().server.post<{ data: { tierCharges: readonly TierCharge[] } }>(
        '/api/token-billing/process-usage',
        { userId, tokensUsed },
        headers,
      );
      expect(status).toBe(200);
      return body.data.tierCharges;
    };
    const charges = async (query: string): Promise<readonly Charge[]> =>
      (await platform().server.get<{ data: { items: readonly Charge[] } }>(`/api/admin/billing/charges?${query}`)).body
        .data.items;
    const summary = async (userId: string): Promise<unknown> =>
      (await platform().server.get<{ data: unknown }>(`/api/token-billing/user-summary/${userId}`)).body.data;
    const intents = (
      customerId: string,
    ): Promise<readonly { readonly charge: string; readonly status: string; readonly amount: number }[]> =>
      platform().rows(
        `select body -> 'metadata' ->> 'charge_id' as charge, body ->> 'status' as status, (body ->> 'amount')::int
          as amount
         from stripe_simulator.objects where kind = 'payment_intent' and customer = $1 order by 1`,
        [customerId],
      );

    it.each([
      [8_000_000, 0],
      [8_000_001, 1],
      [16_000_000, 1],
      [16_000_001, 2],
      [25_000_000, 3],
      [100_000_000, 12],
    ])('of %d tokens are %d payments, answered as paid within the wait', async (tokens, blocks) => {
      const id = user();
      const { customer_id: customerId, payment_method: method } = await customer(id, {
        email: 'ada@example.org',
        payment_method: 'pm_card_visa',
      });
      expect([customerId, method]).toEqual([expect.stringMatching(/^cus_/), expect.stringMatching(/^pm_/)]);
      const answered = await report(id, tokens);
      expect(answered.map(({ status, amount_charged: amount }) => [status, amount])).toEqual(
        Array.from({ length: blocks }, () => ['succeeded', 10_000]),
      );
      expect(await intents(customerId)).toEqual(
        answered
          .map((charge) => ({ charge: charge.id, status: 'succeeded', amount: 10_000 }))
          .sort((a, b) => (a.charge < b.charge ? -1 : 1)),
      );
      expect(await summary(id)).toMatchObject({
        fixed_fee_charged: 0,
        tier_charges_count: blocks,
        tier_charges_total: blocks * 10_000,
      });
      expect(
        await platform().rows('select distinct status from token_billing_charges where user_id = $1', [id]),
      ).toEqual(blocks === 0 ? [] : [{ status: 'succeeded' }]);
    });

    it.each([
      ['pm_card_chargeDeclined', 'failed', 'generic_decline'],
      ['pm_card_authenticationRequired', 'requires_action', 'authentication_required'],
    ])(
      'with %s are %s; the usage is kept, and a retry with another card pays the same payment',
      async (method, status, reason) => {
        const id = user();
        const { customer_id: customerId } = await customer(id, { payment_method: method });
        const [charge] = await report(id, 8_000_001);
        expect(charge?.status).toBe(status);
        expect(await charges(`user_id=${id}&status=${status}`)).toMatchObject([
          { id: charge?.id, status, reason, attempts: 1 },
        ]);
        expect(await summary(id)).toMatchObject({
          total_tokens: 8_000_001,
          tier_charges_count: 1,
          tier_charges_total: 10_000,
        });
        const refused = await platform().server.post<{ data: Charge }>(
          `/api/admin/billing/charges/${charge?.id}/retry`,
        );
        expect([refused.status, refused.body]).toMatchObject([200, { success: true, data: { status, attempts: 2 } }]);
        await customer(id, { payment_method: 'pm_card_visa' });
        await waitFor('the payment', async () => (await charges(`user_id=${id}`))[0]?.status === 'succeeded');
        expect(await intents(customerId)).toEqual([{ charge: charge?.id, status: 'succeeded', amount: 10_000 }]);
        const late = await platform().server.post(`/api/admin/billing/charges/${charge?.id}/retry`);
        expect([late.status, late.body]).toEqual([
          409,
          {
            success: false,
            error: expect.any(String),
            details: expect.objectContaining({ code: 'CHARGE_NOT_RETRYABLE' }),
          },
        ]);
      },
    );

    it('without a customer are pending at once with their reason, and paid when a card is attached', async () => {
      const id = user();
      const started = performance.now();
      expect((await report(id, 8_000_001))[0]?.status).toBe('pending');
      expect(performance.now() - started).toBeLessThan(1_900);
      expect(
        await charges(`user_id=${id}&status=pending&period=${new Date().toISOString().slice(0, 7)}`),
      ).toMatchObject([{ reason: 'no_customer' }]);
      await customer(id, { payment_method: 'pm_card_visa' });
      await waitFor('the payment', async () => (await charges(`user_id=${id}&status=succeeded`)).length === 1);
      expect(await charges(`user_id=${id}&period=2020-01`)).toEqual([]);
    });

    it('that were answered under a key are answered so again, whatever became of them', async () => {
      const id = user();
      const headers = { 'idempotency-key': 'first' };
      const first = await report(id, 8_000_001, headers);
      await customer(id, { payment_method: 'pm_card_visa' });
      await waitFor('the payment', async () => (await charges(`user_id=${id}&status=succeeded`)).length === 1);
      expect(await report(id, 8_000_001, headers)).toEqual(first);
    });

    // Guarantee: a killed platform charges what was entered before the kill, and charges it once.
    it('of blocks entered while the platform is killed are paid once each', async () => {
      const ids = Array.from({ length: 8 }, user);
      const customers = await Promise.all(ids.map((id) => customer(id, { payment_method: 'pm_card_visa' })));
      const reports = ids.map((id) => report(id, 25_000_000, { 'idempotency-key': 'killed' }).catch(() => []));
      await waitFor(
        'the first payment',
        async () =>
          (
            await platform().rows(
              `select 1 from stripe_simulator.objects where kind = 'payment_intent' and customer = any($1) limit 1`,
              [customers.map((each) => each.customer_id)],
            )
          ).length > 0,
      );
      await platform().program.kill();
      await Promise.all(reports);
      await platform().start();
      await Promise.all(ids.map((id) => report(id, 25_000_000, { 'idempotency-key': 'killed' })));
      for (const [index, id] of ids.entries()) {
        await waitFor(
          `three payments of user ${index}`,
          async () => (await charges(`user_id=${id}&status=succeeded`)).length === 3,
          30_000,
        );
        const made = await intents(customers[index]?.customer_id ?? '');
        expect(made.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
        expect(new Set(made.map(({ charge }) => charge)).size).toBe(3);
      }
    });

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
        expect(await platform().rows(`select 1 from billing.subscriptions where customer_id = 'cus_nobody'`)).toEqual(
          [],
        );
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

    it('are administered by admins only, and bad input changes nothing', async () => {
      const id = user();
      const { client } = await newPerson(platform());
      const put = `/api/admin/billing/customers/${id}`;
      expect((await client.put(put, {})).status).toBe(403);
      expect((await platform().anybody.get('/api/admin/billing/charges')).status).toBe(401);
      for (const body of [
        [],
        'x',
        { customer_id: 7 },
        { customer_id: '' },
        { email: 'nobody' },
        { payment_method: {} },
      ]) {
        expect([body, (await platform().server.put(put, body)).status]).toEqual([body, 400]);
      }
      expect((await platform().server.put(put, { customer_id: 'cus_nobody' })).status).toBe(404);
      expect((await platform().server.put(put, { payment_method: 'pm_nobody' })).status).toBe(400);
      for (const query of ['status=paid', 'period=yesterday', 'page=0', 'limit=101']) {
        expect([query, (await platform().server.get(`/api/admin/billing/charges?${query}`)).status]).toEqual([
          query,
          400,
        ]);
      }
      expect((await platform().server.post('/api/admin/billing/charges/nothing/retry')).status).toBe(400);
      expect((await platform().server.post(`/api/admin/billing/charges/${randomUUID()}/retry`)).status).toBe(404);
    });

    it(
      'take a webhook that Stripe signed lately, once and also of a type that nobody knows, and keep nothing ' +
        'of any other',
      async () => {
        const path = '/api/webhooks/stripe';
        const secret = await simulatorSecret(platform());
        const kept = (id: string): Promise<readonly object[]> =>
          platform().rows('select type, outcome from billing.stripe_events where id = $1', [id]);
        const send = async (
          id: string,
          by: { readonly secret?: string; readonly atS?: number; readonly body?: (payload: string) => string } = {},
        ): Promise<number> => {
          const atS = by.atS ?? Math.floor(Date.now() / 1000);
          const payload = JSON.stringify({
            id,
            object: 'event',
            type: 'galaxy.created',
            created: 1,
            data: { object: { id: 'x' } },
          });
          const signature = createHmac('sha256', by.secret ?? secret)
            .update(`${atS}.${payload}`)
            .digest('hex');
          return (
            await platform().anybody.raw(path, by.body?.(payload) ?? payload, {
              'stripe-signature': `t=${atS},v1=${signature}`,
            })
          ).status;
        };
        const [forged, old, changed, unknown] = ['forged', 'old', 'changed', 'unknown'].map(
          (name) => `evt_${name}_${randomUUID()}`,
        ) as [string, string, string, string];
        expect(await send(forged, { secret: 'whsec_of_somebody_else' })).toBe(400);
        expect(await send(old, { atS: Math.floor(Date.now() / 1000) - 301 })).toBe(400);
        // Guarantee: what is signed for later could be sent again until then and five minutes more.
        expect(await send(old, { atS: Math.floor(Date.now() / 1000) + 90 })).toBe(400);
        expect(await send(old, { atS: 99_999_999_999 })).toBe(400);
        expect(await send(changed, { body: (payload) => `${payload} ` })).toBe(400);
        for (const id of [forged, old, changed]) expect(await kept(id)).toEqual([]);
        expect([await send(unknown), await send(unknown)]).toEqual([200, 200]);
        expect(await kept(unknown)).toEqual([{ type: 'galaxy.created', outcome: 'ignored' }]);
      },
    );

    it('take no webhook that is not signed', async () => {
      const path = '/api/webhooks/stripe';
      for (const [body, headers] of [
        ['{"id":"evt_1"}', {}],
        ['{"id":"evt_1"}', { 'stripe-signature': 't=1,v1=00' }],
        ['{', { 'stripe-signature': 'x' }],
        ['', {}],
      ] as const) {
        const { status, body: said } = await platform().anybody.raw(path, body, headers);
        expect([status, said]).toEqual([
          400,
          { success: false, error: expect.any(String), details: expect.any(Object) },
        ]);
      }
      expect((await platform().anybody.get(path)).status).toBe(405);
      expect((await platform().anybody.raw(path, 'a', { 'content-type': 'text/plain' })).status).toBe(415);
    });
  });
}
