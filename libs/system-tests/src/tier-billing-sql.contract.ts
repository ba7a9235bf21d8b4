import { expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { TierBillingTools } from './harness/tier-billing-tools.ts';

/** The document's tables and functions (surfaces §5). */
export function tierBillingBySql(tools: TierBillingTools): void {
  const { platform, user, report, summary } = tools;

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
      `SELECT billing_tier, COUNT(*)::int as charges_count, SUM(amount_charged)::int as total_charged
         FROM token_billing_charges
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
}
