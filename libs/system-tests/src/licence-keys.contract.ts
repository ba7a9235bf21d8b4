import { beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { Client, Reply } from './harness/client.ts';
import type { Platform } from './harness/platform.ts';

type KeyData = {
  readonly data: {
    readonly id: string;
    readonly license_key: string;
    readonly token_balance: number;
    readonly status: string;
  };
};
type Person = { readonly client: Client; readonly id: string };

/** The licence-key surface, as its document and surfaces §1 promise it. */
export function licenceKeysJourney(platform: () => Platform): void {
  describe('licence keys', () => {
    let admin: Client;
    let owner: Person;
    let other: Person;
    beforeAll(async () => {
      admin = await login(platform().anybody, platform().admin);
      [owner, other] = await Promise.all([
        register(platform().anybody, 'owner'),
        register(platform().anybody, 'other'),
      ]);
    });

    const create = async (tokens: number): Promise<KeyData['data']> => {
      const { status, body } = await admin.post<KeyData>('/api/admin/license-keys', { token_balance: tokens });
      expect(status).toBe(201);
      return body.data;
    };
    const assigned = async (tokens: number): Promise<KeyData['data']> => {
      const key = await create(tokens);
      expect(
        (await owner.client.post('/api/user/assign-license', { license_key: ` ${key.license_key.toLowerCase()} ` }))
          .status,
      ).toBe(200);
      return key;
    };
    const use = (client: Client, key: string, body?: unknown, headers = {}): Promise<Reply> =>
      client.post(`/api/user/license-keys/${key}/use-token`, body, headers);
    const refusal = (error: unknown): object => ({ success: false, error });
    const addTokens = (key: string, tokens: number): Promise<Reply<KeyData>> =>
      admin.post<KeyData>(`/api/admin/license-keys/${key}/add-token`, { token_balance: tokens });

    it('take one token of their owner', async () => {
      const { license_key: key } = await assigned(100);
      const { status, body } = await use(owner.client, key, {
        purpose: 'API request',
        metadata: { endpoint: '/api/data' },
      });
      expect(status).toBe(200);
      expect(body).toEqual({
        success: true,
        message: 'Token used successfully',
        data: { license_key: key, previous_balance: 100, new_balance: 99, tokens_used: 1 },
      });
      expect((await platform().server.get(`/v1/accounts/licence:${key}`)).body).toMatchObject({
        kind: 'licence',
        balance: '99',
      });
    });

    it.each([
      ['no', {}],
      ['an empty', { authorization: 'Bearer ' }],
      ['a half', { authorization: 'Bearer eyJhbGciOiJIUzI1NiJ9' }],
      ['a malformed', { authorization: 'nonsense' }],
      ['an invalid', { authorization: 'Bearer abc.def.ghi' }],
      ['a long expired', { authorization: `Bearer ${expired}` }],
    ])('are refused with %s bearer before anything else is looked at', async (_, headers) => {
      const { status, body } = await use(platform().anybody.with(headers), 'NO-SUCH-KEY');
      expect(status).toBe(401);
      expect(body).toEqual(refusal(expect.any(String)));
    });

    it('are looked for, then their owner, then their status, then their balance', async () => {
      const unknown = await use(owner.client, 'NO-SUCH-KEY');
      expect([unknown.status, unknown.body]).toEqual([404, refusal('License key not found')]);
      // Inactive and empty, but that is not the stranger's to know.
      const { license_key: unassigned } = await create(0);
      const foreign = await use(other.client, unassigned);
      expect([foreign.status, foreign.body]).toEqual([
        403,
        refusal('You do not have permission to use this license key'),
      ]);
      // Assigning makes a key active whatever its balance.
      const { license_key: empty } = await assigned(0);
      const insufficient = await use(owner.client, empty);
      expect([insufficient.status, insufficient.body]).toEqual([400, refusal('Insufficient token balance')]);
    });

    it('turn inactive with their last token, and active again when tokens are added', async () => {
      const { license_key: key } = await assigned(1);
      const last = await use(owner.client, key);
      expect([last.status, last.body]).toMatchObject([200, { data: { previous_balance: 1, new_balance: 0 } }]);
      const next = await use(owner.client, key);
      expect([next.status, next.body]).toEqual([400, refusal('License key is not active')]);

      expect((await addTokens(key, 5)).body.data).toMatchObject({ status: 'active', token_balance: 5 });
      expect((await use(owner.client, key)).body).toMatchObject({ data: { new_balance: 4 } });
    });

    it('stay a trial when tokens are added to a running one', async () => {
      const { license_key: key } = await assigned(3);
      const trial = await admin.post<KeyData>(`/api/admin/license-keys/${key}/trial`, {
        trial_days: 7,
        token_balance: 2,
      });
      expect([trial.status, trial.body.data]).toMatchObject([200, { status: 'trial', token_balance: 2 }]);
      expect((await addTokens(key, 5)).body.data).toMatchObject({ status: 'trial', token_balance: 7 });
      expect((await use(owner.client, key)).status).toBe(200);
    });

    it('answer a repeat under one key with the first answer, and another body with 409', async () => {
      const { license_key: key } = await assigned(2);
      const headers = { 'idempotency-key': 'once' };
      const first = await use(owner.client, key, { purpose: 'a' }, headers);
      const again = await use(owner.client, key, { purpose: 'a' }, headers);
      expect([again.status, again.body, again.headers.get('idempotent-replay')]).toEqual([200, first.body, 'true']);
      expect((await use(owner.client, key, { purpose: 'b' }, headers)).status).toBe(409);
      expect((await use(owner.client, key)).body).toMatchObject({ data: { new_balance: 0 } });
      // The call that spent a token is not told "not active" because the last one is gone since.
      expect((await use(owner.client, key, { purpose: 'a' }, headers)).body).toEqual(first.body);
    });

    it('show their history newest first to their owner, and to SQL as the document writes it', async () => {
      const { id, license_key: key } = await assigned(10);
      for (const purpose of ['one', 'two', 'three']) await use(owner.client, key, { purpose, metadata: { purpose } });

      const page = await owner.client.get(`/api/user/license-keys/${key}/usage?page=1&limit=2`);
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
      expect((await other.client.get(`/api/user/license-keys/${key}/usage`)).status).toBe(403);
      const rows = await platform().rows(
        'SELECT * FROM token_usage WHERE license_key_id = $1 ORDER BY created_at DESC',
        [id],
      );
      expect(rows).toMatchObject(
        ['three', 'two', 'one'].map((purpose, index) => ({
          license_key_id: id,
          user_id: owner.id,
          purpose,
          metadata: { purpose },
          new_balance: String(7 + index),
          created_at: expect.any(Date),
        })),
      );
      expect((await owner.client.get('/api/user/token-balance')).body).toMatchObject({
        data: { license_keys: expect.arrayContaining([{ id, license_key: key, token_balance: 7, status: 'active' }]) },
      });
    });

    it('show their owner a report of a period, the sums of their entries, as JSON and as CSV', async () => {
      const { license_key: key } = await assigned(3);
      await use(owner.client, key);
      await use(owner.client, key);
      const path = `/api/user/license-keys/${key}/report`;
      const { status, body } = await owner.client.get<{
        success: boolean;
        data: { entries: number; amount: string; rows: { day: string }[] };
      }>(path);
      expect([status, body.success, body.data.amount]).toEqual([200, true, '1']);
      expect(body.data.rows).toEqual(
        expect.arrayContaining([expect.objectContaining({ kind: 'spent', entries: 2, amount: '-2' })]),
      );
      expect((await owner.client.text(`${path}?format=csv`)).split('\r\n')).toEqual(
        expect.arrayContaining([
          'day,kind,model,entries,amount,input_tokens,output_tokens',
          `${body.data.rows[0]?.day},spent,,2,-2,0,0`,
        ]),
      );
      expect((await owner.client.get(`${path}?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z`)).status).toBe(400);
      const elsewhere = await other.client.get(path);
      expect([elsewhere.status, elsewhere.body]).toEqual([
        403,
        refusal('You do not have permission to use this license key'),
      ]);
      expect((await owner.client.get('/api/user/license-keys/AAAAA-AAAAA/report')).status).toBe(404);
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
        await use(owner.client, key, { purpose: 'a secret of the first owner', metadata: { secret: i } });
      const before = await platform().server.get<{ items: { id: string; kind: string }[] }>(`${account}/entries`);
      expect((await use(other.client, key)).status).toBe(403);
      const refusals = (client: Client): Promise<Reply<{ items: unknown[] }>> =>
        client.get(`/v1/refusals?account=${encodeURIComponent(`licence:${key}`)}`);
      await waitFor('the refusal', async () => (await refusals(platform().server)).body.items.length > 0);
      const at = new Date().toISOString();
      await admin.post(`/api/admin/license-keys/${key}/unassign`);
      await addTokens(key, 7);
      expect((await other.client.post('/api/user/assign-license', { license_key: key })).status).toBe(200);
      await use(other.client, key, { purpose: 'my own' });

      const seen: unknown[] = [];
      const usage = await other.client.get<{ data: { items: unknown[] } }>(`/api/user/license-keys/${key}/usage`);
      expect(usage.body).toMatchObject({
        data: { items: [{ purpose: 'my own', user_id: other.id }], pagination: { total: 1 } },
      });
      const report = await other.client.get(`/api/user/license-keys/${key}/report`);
      expect(report.body).toMatchObject({
        data: { rows: expect.arrayContaining([expect.objectContaining({ kind: 'spent', entries: 1, amount: '-1' })]) },
      });
      const native = await other.client.get<{ rows: { kind: string; entries: number }[] }>(`${account}/report`);
      expect(native.body.rows.find(({ kind }) => kind === 'spent')?.entries).toBe(1);
      const entries = await other.client.get<{ items: { id: string; kind: string }[] }>(`${account}/entries?limit=100`);
      expect(entries.body.items.filter(({ kind }) => kind === 'spent')).toHaveLength(1);
      seen.push(usage.body, report.body, native.body, entries.body);
      for (const entry of before.body.items) {
        for (const path of ['', '/explain', '/proof'])
          expect([entry.kind, path, (await other.client.get(`/v1/entries/${entry.id}${path}`)).status]).toEqual([
            entry.kind,
            path,
            404,
          ]);
      }
      expect((await other.client.get(`${account}?at=${at}`)).status).toBe(404);
      expect((await other.client.get(`${account}`)).status).toBe(200);
      expect((await refusals(other.client)).body.items).toEqual([]);
      for (const word of ['a secret of the first owner', owner.id]) expect(JSON.stringify(seen)).not.toContain(word);
      // The one before sees nothing any more; the books keep all of it.
      for (const path of [`/api/user/license-keys/${key}/usage`, `/api/user/license-keys/${key}/report`])
        expect((await owner.client.get(path)).status).toBe(403);
      for (const path of ['', '/entries', '/report'])
        expect((await owner.client.get(`${account}${path}`)).status).toBe(404);
      const all = await platform().server.get<{ items: { kind: string }[] }>(`${account}/entries?limit=100`);
      expect(all.body.items.filter(({ kind }) => kind === 'spent')).toHaveLength(4);
      expect(await platform().rows('select 1 from token_usage where license_key_id = $1', [id])).toHaveLength(4);
    });

    it('tell anybody who has one whether it is valid', async () => {
      const { license_key: key } = await create(5);
      const validate = async (asked: string): Promise<unknown> => {
        const { status, body } = await platform().anybody.get<{ data: unknown }>(`/api/license/validate/${asked}`);
        return status === 200 ? body.data : status;
      };
      const known = {
        license_key: key,
        exists: true,
        is_valid: true,
        is_assigned: false,
        status: 'active',
        token_balance: 5,
        price_per_token: null,
        valid: true,
      };
      expect(await validate(key.toLowerCase())).toEqual(known);
      await owner.client.post('/api/user/assign-license', { license_key: key });
      expect(await validate(key)).toEqual({ ...known, is_assigned: true, assigned_to_user_id: owner.id });
      await admin.post(`/api/admin/license-keys/${key}/trial`, { trial_days: 3, token_balance: 2 });
      expect(await validate(key)).toEqual({
        ...known,
        is_assigned: true,
        assigned_to_user_id: owner.id,
        status: 'trial',
        token_balance: 2,
        trial_expires_at: expect.stringMatching(/^\d{4}-.*Z$/),
      });
      await use(owner.client, key);
      await use(owner.client, key);
      expect(await validate(key)).toMatchObject({
        exists: true,
        is_valid: false,
        valid: false,
        status: 'inactive',
        token_balance: 0,
      });
      expect(await validate('NO-SUCH-KEY')).toEqual({
        license_key: 'NO-SUCH-KEY',
        exists: false,
        is_valid: false,
        is_assigned: false,
        status: null,
        token_balance: 0,
        price_per_token: null,
        valid: false,
      });
    });

    it('are shown to their owner one by one, and are not there for others', async () => {
      const { license_key: key, id } = await assigned(6);
      const item = { id, license_key: key, token_balance: 6, status: 'active' };
      for (const path of [`/api/license/key/${key}`, `/api/license/${id}`]) {
        const own = await owner.client.get(path);
        expect([own.status, own.body]).toEqual([200, { success: true, data: item }]);
        const others = await other.client.get(path);
        expect([others.status, others.body]).toEqual([404, refusal('License key not found')]);
        expect((await platform().anybody.get(path)).status).toBe(401);
      }
      for (const path of [
        '/api/license/key/NO-SUCH-KEY',
        '/api/license/no-id',
        '/api/license/7d0f2c1a-52a7-4f43-9a57-0d2cf8a4a6c1',
      ]) {
        expect((await owner.client.get(path)).status).toBe(404);
      }
      expect((await platform().anybody.get('/api/license/a/b/c')).body).toEqual(refusal(expect.any(String)));
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
      expect((await other.client.get(path)).status).toBe(403);
    });

    it('can be assigned once, and are empty and inactive after they are taken back', async () => {
      const { license_key: key } = await assigned(4);
      const taken = await other.client.post('/api/user/assign-license', { license_key: key });
      expect([taken.status, taken.body]).toEqual([400, refusal('License key is already assigned')]);
      const freed = await admin.post<KeyData>(`/api/admin/license-keys/${key}/unassign`);
      expect(freed.body.data).toMatchObject({ status: 'inactive', token_balance: 0 });
      expect((await use(owner.client, key)).status).toBe(403);
    });
  });
}

/** HS256 of a secret that nobody has, with `exp` in 2020. */
const expired =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ4IiwiZXhwIjoxNTc3ODM2ODAwfQ.W2mK0mY0W3bq3m1gq6h1bH6m2Tq2u8i0S1mYcQ1Z0vA';

async function login(
  anybody: Client,
  credentials: { readonly email: string; readonly password: string },
): Promise<Client> {
  const { status, body } = await anybody.post<{ access_token: string }>('/api/auth/login', {
    email: credentials.email,
    password: credentials.password,
  });
  expect(status).toBe(200);
  return anybody.with({ authorization: `Bearer ${body.access_token}` });
}

async function register(anybody: Client, name: string): Promise<Person> {
  const credentials = { email: `${name}@example.org`, password: 'correct horse battery' };
  const { status, body } = await anybody.post<{ data: { id: string } }>('/api/auth/register', { ...credentials, name });
  expect(status).toBe(200);
  return { client: await login(anybody, credentials), id: body.data.id };
}
