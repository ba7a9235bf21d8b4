import { createHmac, randomUUID } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { Charge } from './harness/charge-tools.ts';
import { chargeTools, simulatorSecret } from './harness/charge-tools.ts';
import type { EmbeddedPlatform } from './harness/embedded.ts';
import { newPerson } from './harness/people.ts';
import { subscriptions } from './tier-subscriptions.contract.ts';

/** Charges and subscriptions of tier billing on the Stripe simulator (surfaces §5, running.md §6). */
export function chargesThroughStripe(platform: () => EmbeddedPlatform): void {
  describe('charges', () => {
    const tools = chargeTools(platform);
    const { user, customer, report, charges, summary, intents } = tools;

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

    subscriptions(tools);

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
