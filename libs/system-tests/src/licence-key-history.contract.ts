import { expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { Client, Reply } from './harness/client.ts';
import type { LicenceKeyTools } from './harness/licence-key-tools.ts';
import { register } from './harness/licence-key-tools.ts';

/** What the owner of a licence key sees of its use (surfaces §1). */
export function licenceKeyHistory(tools: LicenceKeyTools): void {
  const { platform, create, assigned, use, refusal, addTokens } = tools;

  it('show their history newest first to their owner, and to SQL as the document writes it', async () => {
    const { id, license_key: key } = await assigned(10);
    for (const purpose of ['one', 'two', 'three'])
      await use(tools.owner.client, key, { purpose, metadata: { purpose } });

    const page = await tools.owner.client.get(`/api/user/license-keys/${key}/usage?page=1&limit=2`);
    expect(page.body).toMatchObject({
      success: true,
      data: {
        items: [
          { purpose: 'three', previous_balance: 8, new_balance: 7 },
          { purpose: 'two', metadata: { purpose: 'two' } },
        ],
        pagination: { page: 1, limit: 2, total: 3 },
      },
    });
    expect((await tools.other.client.get(`/api/user/license-keys/${key}/usage`)).status).toBe(403);
    const rows = await platform().rows('SELECT * FROM token_usage WHERE license_key_id = $1 ORDER BY created_at DESC', [
      id,
    ]);
    expect(rows).toMatchObject(
      ['three', 'two', 'one'].map((purpose, index) => ({
        license_key_id: id,
        user_id: tools.owner.id,
        purpose,
        metadata: { purpose },
        new_balance: String(7 + index),
        created_at: expect.any(Date),
      })),
    );
    expect((await tools.owner.client.get('/api/user/token-balance')).body).toMatchObject({
      data: { license_keys: expect.arrayContaining([{ id, license_key: key, token_balance: 7, status: 'active' }]) },
    });
  });

  it('show their owner a report of a period, the sums of their entries, as JSON and as CSV', async () => {
    const { license_key: key } = await assigned(3);
    await use(tools.owner.client, key);
    await use(tools.owner.client, key);
    const path = `/api/user/license-keys/${key}/report`;
    const { status, body } = await tools.owner.client.get<{
      success: boolean;
      data: { entries: number; amount: string; rows: { day: string }[] };
    }>(path);
    expect([status, body.success, body.data.amount]).toEqual([200, true, '1']);
    expect(body.data.rows).toEqual(
      expect.arrayContaining([expect.objectContaining({ kind: 'spent', entries: 2, amount: '-2' })]),
    );
    expect((await tools.owner.client.text(`${path}?format=csv`)).split('\r\n')).toEqual(
      expect.arrayContaining([
        'day,kind,model,entries,amount,input_tokens,output_tokens',
        `${body.data.rows[0]?.day},spent,,2,-2,0,0`,
      ]),
    );
    expect((await tools.owner.client.get(`${path}?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z`)).status).toBe(
      400,
    );
    const elsewhere = await tools.other.client.get(path);
    expect([elsewhere.status, elsewhere.body]).toEqual([
      403,
      refusal('You do not have permission to use this license key'),
    ]);
    expect((await tools.owner.client.get('/api/user/license-keys/AAAAA-AAAAA/report')).status).toBe(404);
    expect(await platform().anybody.get(path)).toMatchObject({ status: 401 });

    const account = `licence:${key}`;
    const exported = await platform().cli('export', '--account', account, '--report', '--format', 'json');
    expect([exported.how, exported.output]).toEqual(['exit code 0', expect.stringContaining('"amount":"1"')]);
    const entries = await platform().cli(
      'export',
      '--account',
      account,
      '--from',
      '2026-01-01T00:00:00Z',
      '--format',
      'csv',
    );
    expect(
      entries.output
        .trim()
        .split('\n')
        .filter((line) => line.includes(',spent,')),
    ).toHaveLength(2);
  });

  // Guarantee: the next owner of a key learns nothing of the one before: no id, purpose, metadata, or how much was
  // used.
  it('show a later owner what happened since they got it, on every way to look', async () => {
    const { license_key: key, id } = await assigned(10);
    const account = `/v1/accounts/licence:${key}`;
    for (let i = 0; i < 3; i++)
      await use(tools.owner.client, key, { purpose: 'a secret of the first owner', metadata: { secret: i } });
    const before = await platform().server.get<{ items: { id: string; kind: string }[] }>(`${account}/entries`);
    expect((await use(tools.other.client, key)).status).toBe(403);
    const refusals = (client: Client): Promise<Reply<{ items: unknown[] }>> =>
      client.get(`/v1/refusals?account=${encodeURIComponent(`licence:${key}`)}`);
    await waitFor('the refusal', async () => (await refusals(platform().server)).body.items.length > 0);
    const at = new Date().toISOString();
    await tools.admin.post(`/api/admin/license-keys/${key}/unassign`);
    await addTokens(key, 7);
    expect((await tools.other.client.post('/api/user/assign-license', { license_key: key })).status).toBe(200);
    await use(tools.other.client, key, { purpose: 'my own' });

    const seen: unknown[] = [];
    const usage = await tools.other.client.get<{ data: { items: unknown[] } }>(`/api/user/license-keys/${key}/usage`);
    expect(usage.body).toMatchObject({
      data: { items: [{ purpose: 'my own', user_id: tools.other.id }], pagination: { total: 1 } },
    });
    const report = await tools.other.client.get(`/api/user/license-keys/${key}/report`);
    expect(report.body).toMatchObject({
      data: { rows: expect.arrayContaining([expect.objectContaining({ kind: 'spent', entries: 1, amount: '-1' })]) },
    });
    const native = await tools.other.client.get<{ rows: { kind: string; entries: number }[] }>(`${account}/report`);
    expect(native.body.rows.find(({ kind }) => kind === 'spent')?.entries).toBe(1);
    const entries = await tools.other.client.get<{ items: { id: string; kind: string }[] }>(
      `${account}/entries?limit=100`,
    );
    expect(entries.body.items.filter(({ kind }) => kind === 'spent')).toHaveLength(1);
    seen.push(usage.body, report.body, native.body, entries.body);
    for (const entry of before.body.items) {
      for (const path of ['', '/explain', '/proof'])
        expect([entry.kind, path, (await tools.other.client.get(`/v1/entries/${entry.id}${path}`)).status]).toEqual([
          entry.kind,
          path,
          404,
        ]);
    }
    expect((await tools.other.client.get(`${account}?at=${at}`)).status).toBe(404);
    expect((await tools.other.client.get(`${account}`)).status).toBe(200);
    expect((await refusals(tools.other.client)).body.items).toEqual([]);
    for (const word of ['a secret of the first owner', tools.owner.id])
      expect(JSON.stringify(seen)).not.toContain(word);
    // The one before sees nothing any more; the books keep all of it.
    for (const path of [`/api/user/license-keys/${key}/usage`, `/api/user/license-keys/${key}/report`])
      expect((await tools.owner.client.get(path)).status).toBe(403);
    for (const path of ['', '/entries', '/report'])
      expect((await tools.owner.client.get(`${account}${path}`)).status).toBe(404);
    const all = await platform().server.get<{ items: { kind: string }[] }>(`${account}/entries?limit=100`);
    expect(all.body.items.filter(({ kind }) => kind === 'spent')).toHaveLength(4);
    expect(await platform().rows('select 1 from token_usage where license_key_id = $1', [id])).toHaveLength(4);
  });

  it('show their owner the uses of the week, of one key and of all', async () => {
    const person = await register(platform().anybody, `weekly-${Date.now()}`);
    const [first, second] = [await create(10), await create(3)];
    for (const { license_key } of [first, second])
      await person.client.post('/api/user/assign-license', { license_key });
    for (let i = 0; i < 3; i++) await use(person.client, first.license_key, { purpose: `use ${i}` });
    await use(person.client, second.license_key);
    const { body: stats } = await person.client.get<{ data: { weekly_usage: number[]; weekly_labels: string[] } }>(
      '/api/user/token-usage-stats',
    );
    // 4 in seven days are 0.57 a day; the 9 that are left last 15.75 days.
    expect(stats.data).toMatchObject({ total_this_week: 4, avg_daily_usage: 0.57, est_days_remaining: 15 });
    expect([
      stats.data.weekly_usage.length,
      stats.data.weekly_labels.length,
      stats.data.weekly_usage.reduce((a, b) => a + b),
    ]).toEqual([7, 7, 4]);

    const path = `/api/user/license/${first.license_key}/usage`;
    const { body } = await person.client.get(`${path}?page=2&limit=2`);
    expect(body).toEqual({
      success: true,
      data: {
        license_key: first.license_key,
        current_balance: 7,
        weekly_usage: 3,
        avg_daily_usage: 0.43,
        usage_history: [
          expect.objectContaining({ purpose: 'use 0', previous_balance: 10, new_balance: 9, user_id: person.id }),
        ],
      },
      pagination: { page: 2, limit: 2, total: 3, totalPages: 2 },
    });
    expect((await tools.other.client.get(path)).status).toBe(403);
  });
}
