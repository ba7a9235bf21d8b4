import { randomUUID } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { newPerson } from './harness/people.ts';
import type { Platform } from './harness/platform.ts';

type Charge = {
  readonly id: string;
  readonly block: string;
  readonly status: string;
  readonly reason: string | null;
  readonly credited_at: string | null;
};
type Refund = {
  readonly id: string;
  readonly block: string;
  readonly status: string;
  readonly amount_minor: string;
  readonly reason: string | null;
};
type Answer<T> = { readonly success: boolean; readonly data: T };

/** What people see of a user's blocks, and the corrections of an operator. */
function blocksOf(platform: Platform, userId: string) {
  const { server } = platform;
  return {
    report: async (tokensUsed: number): Promise<void> =>
      void expect((await server.post('/api/token-billing/process-usage', { userId, tokensUsed })).status).toBe(200),
    /** Corrects the user's first entry of usage. */
    correct: async (amount: number): Promise<void> => {
      const { body } = await server.get<{ items: readonly { id: string; kind: string }[] }>(
        `/v1/accounts/${encodeURIComponent(`metered:${userId}`)}/entries`,
      );
      const spent = body.items.findLast(({ kind }) => kind === 'spent');
      expect(
        (await server.post(`/v1/entries/${spent?.id}/correct`, { reason: 'reported twice', amount: String(amount) }))
          .status,
      ).toBe(201);
    },
    charges: async (): Promise<readonly Charge[]> =>
      [
        ...(await server.get<Answer<{ items: readonly Charge[] }>>(`/api/admin/billing/charges?user_id=${userId}`)).body
          .data.items,
      ].sort((a, b) => Number(a.block) - Number(b.block)),
    refunds: async (): Promise<readonly Refund[]> =>
      (await server.get<Answer<{ items: readonly Refund[] }>>(`/api/admin/billing/refunds?user_id=${userId}`)).body.data
        .items,
  };
}

/** Blocks that are corrected before anything is charged (rule 18); needs no Stripe. */
export function correctedBeforeCharged(platform: () => Platform): void {
  it('a block that is corrected before it is charged is cancelled, and owed again when entered again', async () => {
    const { report, correct, charges, refunds } = blocksOf(platform(), `corrected-${randomUUID()}`);
    await report(8_000_001);
    await waitFor('the charge', async () => (await charges())[0]?.reason === 'no_customer');
    await correct(1);
    await waitFor('its cancellation', async () => (await charges())[0]?.status === 'cancelled');
    expect(await charges()).toMatchObject([{ reason: 'corrected' }]);
    await report(2);
    await waitFor('its revival', async () => (await charges())[0]?.status === 'pending');
    expect([(await charges()).length, await refunds()]).toEqual([1, []]);
  });
}

/**
 * Blocks that are corrected after they were paid, through Stripe or its simulator: credits, refunds and what finance
 * reads.
 */
export function correctedAfterPaid(platform: () => Platform): void {
  describe('blocks corrected after they were paid', () => {
    const path = '/api/admin/billing/refunds';
    const paidBlocks = async (userId: string): Promise<ReturnType<typeof blocksOf>> => {
      expect(
        (await platform().server.put(`/api/admin/billing/customers/${userId}`, { payment_method: 'pm_card_visa' }))
          .status,
      ).toBe(200);
      const blocks = blocksOf(platform(), userId);
      await blocks.report(25_000_000);
      await waitFor(
        'three payments',
        async () => (await blocks.charges()).filter(({ status }) => status === 'succeeded').length === 3,
      );
      return blocks;
    };
    const net = async (userId: string): Promise<unknown> =>
      (
        await platform().rows('select sum(amount_minor)::int as net from finance.statement where user_id = $1', [
          userId,
        ])
      )[0];

    // Guarantee: nobody keeps what is not owed, nothing is paid back unless finance said so, and what is owed again is
    // paid once.
    it(
      'become credits and proposals; finance decides each; a refunded one that is entered again is paid anew, ' +
        'and the sums are right',
      async () => {
        const userId = `credited-${randomUUID()}`;
        const { correct, charges, refunds, report } = await paidBlocks(userId);
        await correct(17_000_000);
        const proposals = await waitFor('three proposals', async () => {
          const found = await refunds();
          return found.length === 3 && found;
        });
        expect(proposals.map(({ status, amount_minor: minor }) => `${status} ${minor}`)).toEqual(
          Array.from({ length: 3 }, () => 'proposed 10000'),
        );
        expect((await charges()).map(({ status, credited_at: at }) => [status, at === null])).toEqual(
          Array.from({ length: 3 }, () => ['succeeded', false]),
        );
        expect(await net(userId)).toEqual({ net: 0 });
        const [first, second] = ['1', '2'].map((block) => proposals.find((each) => each.block === block)?.id ?? '');

        const key = { 'idempotency-key': 'approve' };
        const approved = await platform().server.post<Answer<Refund>>(`${path}/${first}/approve`, undefined, key);
        expect([approved.status, approved.body]).toEqual([
          200,
          { success: true, data: expect.objectContaining({ id: first, status: 'approved' }) },
        ]);
        await waitFor(
          'the refund',
          async () => (await refunds()).find(({ id }) => id === first)?.status === 'succeeded',
        );
        const again = await platform().server.post<Answer<Refund>>(`${path}/${first}/approve`, undefined, key);
        expect([again.status, again.body, again.headers.get('idempotent-replay')]).toEqual([
          200,
          approved.body,
          'true',
        ]);
        expect((await platform().server.post(`${path}/${first}/approve`)).status).toBe(409);
        const declined = await platform().cli(
          'refunds',
          'decline',
          second ?? '',
          '--forfeit',
          '--reason',
          'settled otherwise',
          '--json',
        );
        expect(
          JSON.parse(
            declined.output
              .trim()
              .split('\n')
              .findLast((line) => line.startsWith('{')) ?? '{}',
          ),
        ).toMatchObject({ refund: { status: 'declined', reason: 'settled otherwise' } });

        await report(1);
        await waitFor('the block to be paid anew', async () => {
          const [block] = await charges();
          return block?.status === 'succeeded' && block.credited_at === null;
        });
        const made = await platform().rows<{ payments: number; refunded: number }>(
          `select count(*) filter (where kind = 'payment_intent')::int as payments,
          coalesce(sum((body ->> 'amount')::int) filter (where kind = 'refund'), 0)::int as refunded
         from stripe_simulator.objects where customer = (select customer_id from billing.customers
           where user_id = $1) and kind in ('payment_intent', 'refund')`,
          [userId],
        );
        expect(made).toEqual([{ payments: 4, refunded: 10_000 }]);
        // Four payments less three credits, one of which was forfeited: the block that is owed, and that one.
        expect(await net(userId)).toEqual({ net: 20_000 });
        expect(
          await platform().rows(`select * from finance.trial_balance where side like 'total%' and amount <> 0`),
        ).toEqual([]);
      },
    );

    it('whose usage comes back before a refund stay paid, and the proposal can no longer be approved', async () => {
      const userId = `regained-${randomUUID()}`;
      const { correct, charges, refunds, report } = await paidBlocks(userId);
      await correct(1_000_001);
      const [proposal] = await waitFor('a proposal', async () => {
        const found = await refunds();
        return found.length === 1 && found;
      });
      await report(2_000_000);
      await waitFor('the proposal to be withdrawn', async () => (await refunds())[0]?.status === 'withdrawn');
      expect((await charges()).every(({ status, credited_at: at }) => status === 'succeeded' && at === null)).toBe(
        true,
      );
      const refused = await platform().server.post(`${path}/${proposal?.id}/approve`);
      expect([refused.status, refused.body]).toEqual([
        409,
        { success: false, error: expect.any(String), details: expect.objectContaining({ code: 'REFUND_NOT_OPEN' }) },
      ]);
      expect(await net(userId)).toEqual({ net: 30_000 });
    });

    it('are decided by admins only, and bad input changes nothing', async () => {
      const { client } = await newPerson(platform());
      const unknown = randomUUID();
      expect([
        (await platform().anybody.get(path)).status,
        (await client.get(path)).status,
        (await client.post(`${path}/${unknown}/approve`)).status,
      ]).toEqual([401, 403, 403]);
      for (const query of ['status=paid', 'page=0', 'limit=101', 'user_id='])
        expect([query, (await platform().server.get(`${path}?${query}`)).status]).toEqual([query, 400]);
      expect([
        (await platform().server.post(`${path}/nothing/approve`)).status,
        (await platform().server.post(`${path}/${unknown}/approve`)).status,
      ]).toEqual([400, 404]);
      for (const body of [[], {}, { reason: '' }, { reason: 7 }, { reason: 'x'.repeat(256) }, { reason: '\u0000' }]) {
        expect([body, (await platform().server.post(`${path}/${unknown}/decline`, body)).status]).toEqual([body, 400]);
      }
      expect(
        (await platform().server.post(`${path}/${unknown}/decline`, { reason: 'no', credit: 'forfeit' })).status,
      ).toBe(404);
    });
  });
}
