import { randomUUID } from 'node:crypto';

import { beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { Client, Reply } from './harness/client.ts';
import { adminOf, newPerson } from './harness/people.ts';
import type { Platform } from './harness/platform.ts';

type Charge = {
  readonly id: string;
  readonly billing_tier: string;
  readonly amount_charged: number;
  readonly status: string;
};
type Report = Reply<{
  readonly success: boolean;
  readonly data: {
    readonly consumptionId: string;
    readonly totalTokens: number;
    readonly tierCharges: readonly Charge[];
  };
}>;

const processUsage = '/api/token-billing/process-usage';
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** In a spec, time stands nowhere: reports that must share a month are made within seconds. */
const charge = (block: number): object => ({
  id: expect.stringMatching(uuid),
  billing_tier: `${8 * block}M-${8 * (block + 1)}M`,
  amount_charged: 10_000,
  status: 'pending',
});
const noFigures = {
  fixed_fee_charged: 0,
  tier_charges_count: 0,
  tier_charges_total: 0,
  total_charged: 0,
  credited: 0,
  refunded: 0,
  paid: 0,
  owed: 0,
  currency: 'BRL',
};
const zeros = { total_tokens: 0, current_tier: '0-8M', ...noFigures, totals: [noFigures] };

/** The tier-billing surface as far as usage goes, as its document and surfaces §5 promise it. */
export function tierBillingJourney(platform: () => Platform): void {
  describe('tier billing', () => {
    let admin: Client;
    beforeAll(async () => void (admin = await adminOf(platform())));

    const user = (): string => `user-${randomUUID()}`;
    const report = (userId: string, tokensUsed: unknown, more = {}, headers = {}): Promise<Report> =>
      platform().server.post(processUsage, { userId, tokensUsed, ...more }, headers) as unknown as Promise<Report>;
    const summary = async (userId: string, query = '', client = platform().server): Promise<unknown> => {
      const { status, body } = await client.get<{ success: boolean; data: unknown }>(
        `/api/token-billing/user-summary/${encodeURIComponent(userId)}${query}`,
      );
      expect([status, body.success]).toEqual([200, true]);
      return body.data;
    };

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
      expect((await admin.post(processUsage, { userId: id, tokensUsed: 5 })).status).toBe(200);
      expect(await summary(id, '', admin)).toMatchObject({ total_tokens: 10 });
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

    it("shows the document's tables and functions to SQL", async () => {
      const id = user();
      const {
        body: { data },
      } = await report(id, 10_000_000, { clientId: 'client-uuid', metadata: { conversationId: 'conv-123' } });
      const [used] = await platform().rows('select * from token_consumption where user_id = $1', [id]);
      expect(used).toMatchObject({
        id: data.consumptionId,
        user_id: id,
        operation_type: 'chat',
        client_id: 'client-uuid',
        tokens_used: '10000000',
        metadata: { conversationId: 'conv-123' },
        created_at: expect.any(Date),
      });
      const charges = await platform().rows(
        `SELECT billing_tier, COUNT(*)::int as charges_count, SUM(amount_charged)::int as total_charged FROM token_billing_charges
          WHERE user_id = $1 AND created_at >= date_trunc('month', NOW()) GROUP BY billing_tier`,
        [id],
      );
      expect(charges).toEqual([{ billing_tier: '8M-16M', charges_count: 1, total_charged: 10_000 }]);
      expect(
        await platform().rows('select id::text, status from token_billing_charges where user_id = $1', [id]),
      ).toEqual([{ id: data.tierCharges[0]?.id, status: 'pending' }]);
      const tiers = await platform().rows<{ tier: string }>(
        'select calculate_billing_tier(t) as tier from unnest(array[0, 1000000, 8000000, 8000001, 16000000, ' +
          '16000001, 25000000, 100000000]::bigint[]) t',
      );
      expect(tiers.map(({ tier }) => tier)).toEqual([
        '0-8M',
        '0-8M',
        '0-8M',
        '8M-16M',
        '8M-16M',
        '16M-24M',
        '24M-32M',
        '96M-104M',
      ]);
      expect(await platform().rows('select * from get_user_token_summary($1, $2)', [id, '2020-01-15'])).toMatchObject([
        { total_tokens: '0', current_tier: '0-8M' },
      ]);
      expect(
        await platform().rows('select total_tokens, tier_charges_count from token_usage_summary where user_id = $1', [
          id,
        ]),
      ).toEqual([{ total_tokens: '10000000', tier_charges_count: '1' }]);
    });

    // Guarantee: a reader sees one user's rows and no other's, whatever the query (the document's row-level security).
    it('shows readers the rows of their user only, and finance all', async () => {
      const [mine, theirs] = [user(), user()];
      await Promise.all([report(mine, 9_000_000), report(theirs, 9_000_000)]);
      const wanted = [mine, theirs];
      for (const table of ['token_consumption', 'token_billing_charges', 'token_usage_summary']) {
        const seenBy = async (...before: string[]): Promise<readonly string[]> =>
          (
            await platform().rows<{ user_id: string }>(
              `select user_id from ${table} where user_id = any ($1) order by user_id`,
              [wanted],
              before,
            )
          ).map(({ user_id: one }) => one);
        expect(await seenBy('set role tollgate_reader', `set app.user_id = '${mine}'`)).toEqual([mine]);
        expect(await seenBy('set role tollgate_reader')).toEqual([]);
        expect(await seenBy('set role finance')).toEqual([...wanted].sort());
      }
      const asReader = ['set role tollgate_reader', `set app.user_id = '${mine}'`];
      expect(await platform().rows('select total_tokens from get_user_token_summary($1)', [theirs], asReader)).toEqual([
        { total_tokens: '0' },
      ]);
      expect(
        await platform().rows('select count(*)::int as count from token_usage', [], ['set role tollgate_reader']),
      ).toEqual([{ count: 0 }]);
      await expect(platform().rows('select * from ledger.entries limit 1', [], asReader)).rejects.toThrow(
        'permission denied',
      );
      await expect(platform().rows('delete from token_consumption', [], asReader)).rejects.toThrow('cannot delete');
    });

    it('meters what SQL-only producers record, once, under the id that SQL was given', async () => {
      const id = user();
      const recorded = await Promise.all(
        [8_000_000, 1].map(async (tokens) => {
          const [row] = await platform().rows<{ id: string }>(
            `select record_token_consumption($1, $2, p_client_id => 'cron', p_metadata => '{"a":1}') as id`,
            [id, tokens],
            ['set role tollgate_producer'],
          );
          return row?.id ?? '';
        }),
      );
      await waitFor(
        'the usage to be counted',
        async () => ((await summary(id)) as { total_tokens: number }).total_tokens === 8_000_001,
        20_000,
      );
      expect(await summary(id)).toMatchObject({ current_tier: '8M-16M', tier_charges_count: 1 });
      const rows = await platform().rows<{ id: string }>('select id::text from token_consumption where user_id = $1', [
        id,
      ]);
      expect(rows.map((row) => row.id).sort()).toEqual([...recorded].sort());
      await expect(platform().rows('select record_token_consumption($1, -1)', [id])).rejects.toThrow(
        'consumption_tokens_used_range',
      );
    });

    // Guarantee: who may read one user's rows cannot make another user pay.
    it('lets readers report for themselves only, and producers for anybody', async () => {
      const [mine, theirs] = [user(), user()];
      const as =
        (role: string, ...more: string[]) =>
        (of: string) =>
          platform().rows('select record_token_consumption($1, 1)', [of], [`set role ${role}`, ...more]);
      const reader = as('tollgate_reader', `set app.user_id = '${mine}'`);
      expect(await reader(mine)).toHaveLength(1);
      await expect(reader(theirs)).rejects.toThrow('tollgate_producer only');
      await expect(as('tollgate_reader')(mine)).rejects.toThrow('tollgate_producer only');
      await expect(as('tollgate_reader', "set app.user_id = ''")('')).rejects.toThrow('tollgate_producer only');
      expect(await as('tollgate_producer')(theirs)).toHaveLength(1);
      await expect(
        platform().rows('select 1 from token_consumption limit 1', [], ['set role tollgate_producer']),
      ).rejects.toThrow('permission denied');
      await waitFor(
        'both to be counted',
        async () =>
          (await Promise.all([mine, theirs].map((one) => summary(one)))).every(
            (one) => (one as { total_tokens: number }).total_tokens === 1,
          ),
        20_000,
      );
    });

    it(
      'refuses ids with control characters and large rows when they are recorded, and sets a bad row aside ' +
        'without stopping the others',
      async () => {
        const id = user();
        const record = (userId: string, metadata: string, type = 'chat') =>
          platform().rows<{ id: string }>(
            'select record_token_consumption($1, 1, $3, null, $2::jsonb) as id',
            [userId, metadata, type],
            ['set role tollgate_producer'],
          );
        for (const bad of ['a\u0001b', 'a\u0085b', 'a\nb', '..', 'a/../b'])
          await expect(record(bad, '{}')).rejects.toThrow('consumption_user_id_readable');
        await expect(record(id, '{}', 'chat\u0007')).rejects.toThrow('consumption_operation_type_readable');
        await expect(record(id, JSON.stringify({ text: 'x'.repeat(70_000) }))).rejects.toThrow(
          'consumption_metadata_size',
        );
        const [deep] = await record(id, `${'{"a":'.repeat(80)}1${'}'.repeat(80)}`);
        await record(id, '{}');
        await waitFor(
          'the good row to be counted',
          async () => ((await summary(id)) as { total_tokens: number }).total_tokens === 1,
          20_000,
        );
        expect(
          await platform().rows(
            'select set_aside_reason, set_aside_at is not null as aside, appended_at from ' +
              'gateway.consumption_queue where id = $1',
            [deep?.id],
          ),
        ).toEqual([
          { set_aside_reason: expect.stringMatching(/^REQUEST_INVALID: metadata/), aside: true, appended_at: null },
        ]);
        expect(await platform().figures.text('/metrics')).toMatch(/^tollgate_sql_usage_set_aside_total [1-9]/m);
      },
    );
  });
}
