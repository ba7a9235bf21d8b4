import { randomUUID } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import { newPerson } from './harness/people.ts';
import type { Platform } from './harness/platform.ts';
import { charge, noFigures, processUsage, tierBillingTools, uuid, zeros } from './harness/tier-billing-tools.ts';
import { tierBillingBySql } from './tier-billing-sql.contract.ts';

/** The tier-billing surface as far as usage goes, as its document and surfaces §5 promise it. */
export function tierBillingJourney(platform: () => Platform): void {
  describe('tier billing', () => {
    const tools = tierBillingTools(platform);
    const { user, report, summary } = tools;

    it.each([
      [1_000_000, 0, '0-8M'],
      [5_000_000, 0, '0-8M'],
      [8_000_000, 0, '0-8M'],
      [8_000_001, 1, '8M-16M'],
      [10_000_000, 1, '8M-16M'],
      [16_000_000, 1, '8M-16M'],
      [25_000_000, 3, '24M-32M'],
      [100_000_000, 12, '96M-104M'],
    ])('charges what %d tokens of a month enter: %d blocks, %s', async (tokens, blocks, label) => {
      const id = user();
      const { status, body } = await report(id, tokens, {
        operationType: 'chat',
        clientId: 'client-uuid',
        metadata: { conversationId: 'conv-123', agentId: 'agent-456' },
      });
      expect([status, body]).toEqual([
        200,
        {
          success: true,
          data: {
            consumptionId: expect.stringMatching(uuid),
            totalTokens: tokens,
            tierCharges: Array.from({ length: blocks }, (_, index) => charge(index + 1)),
          },
        },
      ]);
      const figures = {
        ...noFigures,
        tier_charges_count: blocks,
        tier_charges_total: blocks * 10_000,
        total_charged: blocks * 10_000,
        owed: blocks * 10_000,
      };
      expect(await summary(id)).toEqual({ total_tokens: tokens, current_tier: label, ...figures, totals: [figures] });
      const [row] = await platform().rows('select * from get_user_token_summary($1)', [id]);
      expect(row).toMatchObject({
        total_tokens: String(tokens),
        current_tier: label,
        tier_charges_count: String(blocks),
        total_charged: String(blocks * 10_000),
      });
    });

    it('answers zeros for a user nobody reported, and opens nothing', async () => {
      const id = user();
      expect(await summary(id)).toEqual(zeros);
      expect((await platform().server.get(`/v1/accounts/metered:${id}`)).status).toBe(404);
    });

    it('charges each block once, however 64 racing reports split the usage, each block under one id', async () => {
      const id = user();
      const answers = await Promise.all(Array.from({ length: 64 }, () => report(id, 500_000)));
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 64 }, () => 200));
      const charges = answers.flatMap(({ body }) => body.data.tierCharges);
      expect(charges.map(({ billing_tier: tier }) => tier).sort()).toEqual(['16M-24M', '24M-32M', '8M-16M']);
      expect(new Set(charges.map(({ id: one }) => one)).size).toBe(3);
      expect(new Set(answers.map(({ body }) => body.data.consumptionId)).size).toBe(64);
      expect(Math.max(...answers.map(({ body }) => body.data.totalTokens))).toBe(32_000_000);
      const stored = await platform().rows<{ id: string }>('select id from token_billing_charges where user_id = $1', [
        id,
      ]);
      expect(stored.map(({ id: one }) => one).sort()).toEqual(charges.map(({ id: one }) => one).sort());
    });

    it(
      'answers a repeat under one key with the first answer and its charges, also when both are under way, and ' +
        'another body with 409',
      async () => {
        const id = user();
        const headers = { 'idempotency-key': 'once' };
        const both = await Promise.all([1, 2, 3].map(() => report(id, 25_000_000, {}, headers)));
        await report(id, 1);
        const later = await report(id, 25_000_000, {}, headers);
        for (const { status, body } of [...both, later]) expect([status, body]).toEqual([200, both[0]?.body]);
        expect(both[0]?.body.data.tierCharges.length).toBe(3);
        expect(later.headers.get('idempotent-replay')).toBe('true');
        const other = await report(id, 24_000_000, {}, headers);
        expect([other.status, other.body]).toEqual([
          409,
          {
            success: false,
            error: expect.any(String),
            details: expect.objectContaining({ code: 'IDEMPOTENCY_KEY_REUSED' }),
          },
        ]);
        expect(await summary(id)).toMatchObject({ total_tokens: 25_000_001 });
      },
    );

    it('records an operation of 0 tokens, and any script in an id', async () => {
      const id = `ユーザー/50% ${randomUUID()}`;
      expect((await report(id, 0)).body.data).toEqual({
        consumptionId: expect.stringMatching(uuid),
        totalTokens: 0,
        tierCharges: [],
      });
      expect((await report(id, 7, { operationType: 'imagem' })).body.data.totalTokens).toBe(7);
      expect(await summary(id)).toMatchObject({ total_tokens: 7 });
      const rows = await platform().rows(
        'SELECT operation_type, SUM(tokens_used)::int as total_tokens, COUNT(*)::int as operations FROM ' +
          'token_consumption WHERE user_id = $1 GROUP BY operation_type ORDER BY 1',
        [id],
      );
      expect(rows).toEqual([
        { operation_type: 'chat', total_tokens: 0, operations: 1 },
        { operation_type: 'imagem', total_tokens: 7, operations: 1 },
      ]);
    });

    it("lets users report and read what is their own, admins and server keys everybody's", async () => {
      const { client, id } = await newPerson(platform());
      const other = user();
      expect((await client.post(processUsage, { userId: id, tokensUsed: 5 })).status).toBe(200);
      expect(await summary(id, '', client)).toMatchObject({ total_tokens: 5 });
      expect((await tools.admin.post(processUsage, { userId: id, tokensUsed: 5 })).status).toBe(200);
      expect(await summary(id, '', tools.admin)).toMatchObject({ total_tokens: 10 });
      for (const refused of [
        await client.post(processUsage, { userId: other, tokensUsed: 5 }),
        await client.get(`/api/token-billing/user-summary/${other}`),
      ]) {
        expect([refused.status, refused.body]).toEqual([
          403,
          { success: false, error: 'This is another user', details: expect.any(Object) },
        ]);
      }
      for (const refused of [
        await platform().anybody.post(processUsage, {}),
        await platform().anybody.get(`/api/token-billing/user-summary/${id}`),
      ]) {
        expect([refused.status, refused.body]).toEqual([
          401,
          { success: false, error: expect.any(String), details: expect.any(Object) },
        ]);
      }
      expect(await summary(other)).toEqual(zeros);
    });

    it('refuses bad input with a clear 400 in its own envelope, and counts nothing', async () => {
      const id = user();
      const good = { userId: id, tokensUsed: 5 };
      const bad: readonly unknown[] = [
        {},
        [],
        'text',
        { userId: id },
        { ...good, tokensUsed: -1 },
        { ...good, tokensUsed: 1.5 },
        { ...good, tokensUsed: '5' },
        { ...good, tokensUsed: null },
        { ...good, tokensUsed: 2 ** 53 },
        { ...good, tokensUsed: 1e300 },
        { ...good, tokensUsed: Number.MAX_SAFE_INTEGER },
        { tokensUsed: 5 },
        { ...good, userId: '' },
        { ...good, userId: 7 },
        { ...good, userId: 'x'.repeat(129) },
        { ...good, operationType: 7 },
        { ...good, operationType: '' },
        { ...good, clientId: {} },
        { ...good, metadata: 'text' },
        { ...good, metadata: [1] },
      ];
      for (const body of bad) {
        const { status, body: said } = await platform().server.post(processUsage, body);
        expect([body, status, said]).toEqual([
          body,
          400,
          { success: false, error: expect.any(String), details: expect.any(Object) },
        ]);
      }
      for (const raw of [
        '{"userId"',
        `{"userId":"${id}\\u0000","tokensUsed":5}`,
        `{"userId":"\\ud800","tokensUsed":5}`,
      ]) {
        expect((await platform().server.raw(processUsage, raw)).status).toBe(400);
      }
      expect((await platform().server.raw(processUsage, 'a=1', { 'content-type': 'text/plain' })).status).toBe(415);
      expect((await platform().server.get(processUsage)).status).toBe(405);
      expect((await platform().server.get(`/api/token-billing/nothing`)).body).toEqual({
        success: false,
        error: expect.any(String),
        details: expect.any(Object),
      });
      for (const query of [
        '?periodStart=yesterday',
        '?periodStart=2026-02-30',
        '?periodStart=',
        '?periodStart=2026-13-01T00:00:00Z',
      ]) {
        expect((await platform().server.get(`/api/token-billing/user-summary/${id}${query}`)).status).toBe(400);
      }
      expect((await report(id, 5, { colour: 'tolerated' })).body.data.totalTokens).toBe(5);
      expect(await summary(id, '?periodStart=2020-01-01')).toEqual(zeros);
      expect(await summary(id, `?periodStart=${new Date().toISOString()}`)).toMatchObject({ total_tokens: 5 });
    });

    tierBillingBySql(tools);
  });
}
