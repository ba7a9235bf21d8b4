import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { EmbeddedPlatform } from './harness/embedded.ts';
import { newPerson } from './harness/people.ts';

type Account = Readonly<Record<'currency', string>> & {
  readonly lines: readonly { readonly kind: string }[];
} & Readonly<
    Record<'opening' | 'usage' | 'fees' | 'credits' | 'payments' | 'refunds' | 'closing', { readonly amount: string }>
  >;
type Statement = { readonly plan: unknown; readonly usage: unknown; readonly accounts: readonly Account[] };

/** Statements of customers, for people. */
export function statementsOfCustomers(platform: () => EmbeddedPlatform): void {
  describe("a customer's statement", () => {
    const figures = ({ accounts }: Statement): unknown =>
      accounts.map(({ currency, lines, ...sums }) => [
        currency,
        ...(['opening', 'usage', 'fees', 'credits', 'payments', 'refunds', 'closing'] as const).map(
          (name) => sums[name].amount,
        ),
        lines.length,
      ]);

    // Guarantee: each cent that a customer was charged, paid and had back is on one statement once.
    it('has usage, blocks, fee, payments, a credit and its refund; only its customer and finance see it', async () => {
      const { server, anybody } = platform();
      const person = await newPerson(platform());
      const other = await newPerson(platform());
      const id = person.id;
      const month = new Date().toISOString().slice(0, 7);
      const path = `/v1/customers/${encodeURIComponent(id)}/statements/${month}`;
      const read = async (): Promise<Statement> => (await server.get<Statement>(path)).body;
      expect(await read()).toMatchObject({ user_id: id, period: month, plan: null, usage: null, accounts: [] });

      const {
        body: { customer_id: customerId },
      } = await server.put<{ customer_id: string }>(`/api/admin/billing/customers/${encodeURIComponent(id)}`, {
        payment_method: 'pm_card_visa',
      });
      await server.post('/api/token-billing/create-subscription', { customerId });
      const {
        body: {
          data: { tierCharges: charges },
        },
      } = await server.post<{ data: { tierCharges: readonly { id: string }[] } }>('/api/token-billing/process-usage', {
        userId: id,
        tokensUsed: 16_000_001,
      });
      // Fee 400.00 and two blocks of 100.00, all paid.
      await waitFor(
        'the payments',
        async () =>
          JSON.stringify(figures(await read())) ===
          JSON.stringify([['BRL', '0.00', '200.00', '400.00', '0.00', '-600.00', '0.00', '0.00', 6]]),
        20_000,
      );
      expect(await read()).toMatchObject({
        plan: { name: 'default', version: 1 },
        usage: {
          used: '16000001',
          included: '8000000',
          beyond: '8000001',
          blocks: charges.map(({ id: charge }, index) => ({
            block: String(index + 1),
            plan: 'default',
            plan_version: 1,
            amount: '100.00',
            currency: 'BRL',
            charge_id: charge,
          })),
        },
      });

      // A correction of two tokens leaves the second block: 100.00 credited, and refunded once approved.
      const entries = (
        await server.get<{ items: readonly { id: string; kind: string }[] }>(
          `/v1/accounts/${encodeURIComponent(`metered:${id}`)}/entries`,
        )
      ).body.items;
      expect(
        (
          await server.post(`/v1/entries/${entries.find(({ kind }) => kind === 'spent')?.id}/correct`, {
            amount: '2',
            reason: 'counted twice',
          })
        ).status,
      ).toBe(201);
      await waitFor(
        'the credit',
        async () =>
          JSON.stringify(figures(await read())) ===
          JSON.stringify([['BRL', '0.00', '200.00', '400.00', '-100.00', '-600.00', '0.00', '-100.00', 7]]),
        20_000,
      );
      const {
        body: {
          data: {
            items: [refund],
          },
        },
      } = await server.get<{ data: { items: readonly { id: string }[] } }>(
        `/api/admin/billing/refunds?user_id=${encodeURIComponent(id)}`,
      );
      await server.post(`/api/admin/billing/refunds/${refund?.id}/approve`);
      await waitFor(
        'the refund',
        async () =>
          JSON.stringify(figures(await read())) ===
          JSON.stringify([['BRL', '0.00', '200.00', '400.00', '-100.00', '-600.00', '100.00', '0.00', 8]]),
        20_000,
      );

      for (const [client, status] of [
        [person.client, 200],
        [other.client, 403],
        [anybody, 401],
      ] as const)
        expect((await client.get(path)).status).toBe(status);
      expect(await person.client.text(`${path}?format=html`)).toContain(
        'Closing balance, owed</th><td class="n">0.00 BRL',
      );
      expect(await person.client.text(`${path}?format=csv`)).toContain(
        `${id},${month},BRL,,,balance,closing balance,,0,0.00`,
      );
      expect((await server.get(`/v1/customers/${id}/statements/2026-13`)).status).toBe(400);
      expect((await server.get(`${path}?format=pdf`)).status).toBe(400);
    });
  });
}
