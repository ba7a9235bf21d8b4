import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '@tollgate/contracts';
import { createPool } from '@tollgate/persistence';
import type { FreshDatabase } from '@tollgate/testing';
import { waitFor } from '@tollgate/testing';

import type { RunningGateway } from './index.ts';
import type { Reply } from './testing/gateway-harness.ts';
import { adminPassword, GatewayHarness, serverKey } from './testing/gateway-harness.ts';
import { LedgerStandIn } from './testing/ledger-stand-in.ts';

const ledger = new LedgerStandIn();
let harness: GatewayHarness;
let gateway: RunningGateway;
let database: FreshDatabase;

beforeAll(async () => {
  harness = await GatewayHarness.start(ledger);
  ({ gateway, database } = harness);
});
afterAll(() => harness?.close());

const call = (...asked: Parameters<GatewayHarness['call']>): Promise<Reply> => harness.call(...asked);
const server = (...asked: Parameters<GatewayHarness['call']>): Promise<Reply> => harness.server(...asked);

const loggedIn = (email: string, password?: string): Promise<Record<string, string>> =>
  harness.loggedIn(email, password);

describe('the OpenAPI document', () => {
  // Guarantee: what is there can be found, and what can be found is there.
  it('has every route that answers, and no other', async () => {
    const { body } = await call('GET', '/api-docs-json');
    const documented = Object.entries<object>(body.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    const answering = gateway.routes.filter((route) => !route.startsWith('HEAD ') && !route.includes(' /api-docs'));
    expect([...documented].sort()).toEqual([...answering].sort());
  });
});

describe('the native API', () => {
  it('opens an account once, spends from it and refuses more than there is', async () => {
    const opening = { id: 'acme/team-a', kind: 'wallet', unit: 'token' };
    expect((await server('POST', '/v1/accounts', opening)).status).toBe(201);
    expect((await server('POST', '/v1/accounts', opening)).status).toBe(200);
    expect((await server('POST', '/v1/accounts', { ...opening, kind: 'licence' })).status).toBe(409);
    const granted = await server('POST', '/v1/accounts/acme%2Fteam-a/grants', { amount: '5', reason: 'start' });
    expect([granted.status, granted.body.available]).toEqual([201, '5']);
    const spent = await server('POST', '/v1/accounts/acme%2Fteam-a/spend', { amount: '3', metadata: { a: 1 } });
    expect([spent.status, spent.body.entry.balance_after]).toEqual([200, '2']);
    const refused = await server('POST', '/v1/accounts/acme%2Fteam-a/spend', { amount: '3' });
    expect(refused.status).toBe(402);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(refused.body).toMatchObject({
      code: 'ALLOWANCE_EXHAUSTED',
      asked: '3',
      available: '2',
      limit: { account: 'acme/team-a' },
    });
  });

  it('gives the first answer again under the same key and body, and refuses the key for another body', async () => {
    await server('POST', '/v1/accounts', { id: 'once', kind: 'wallet', unit: 'token' });
    await server('POST', '/v1/accounts/once/grants', { amount: '5', reason: 'start' });
    const key = { 'idempotency-key': 'k-1' };
    const first = await server('POST', '/v1/accounts/once/spend', { amount: '2', metadata: { a: 1, b: 2 } }, key);
    const again = await server('POST', '/v1/accounts/once/spend', '{ "metadata": {"b":2,"a":1}, "amount":"2" }', key);
    expect(again.headers.get('idempotent-replay')).toBe('true');
    expect(again.body).toEqual(first.body);
    expect((await server('POST', '/v1/accounts/once/spend', { amount: '1' }, key)).status).toBe(409);
    expect(
      (await server('POST', '/v1/accounts/once/spend', { amount: '1' }, { 'idempotency-key': 'x'.repeat(256) })).status,
    ).toBe(400);
  });

  // Guarantee: whatever a client sends, it is told what is wrong, nothing reaches the log and the next request works.
  it('refuses bad input with a clear error and appends nothing', async () => {
    await server('POST', '/v1/accounts', { id: 'bad', kind: 'wallet', unit: 'token' });
    const before = ledger.records.length;
    const bad: readonly (readonly [body: unknown, status: number, code: string])[] = [
      [{ amount: '-1' }, 400, 'AMOUNT_OUT_OF_RANGE'],
      [{ amount: '1.5' }, 400, 'AMOUNT_OUT_OF_RANGE'],
      [{ amount: '9223372036854775808' }, 400, 'AMOUNT_OUT_OF_RANGE'],
      [{ amount: '1e3' }, 400, 'AMOUNT_OUT_OF_RANGE'],
      [{ amount: 1 }, 400, 'REQUEST_INVALID'],
      [{}, 400, 'REQUEST_INVALID'],
      [[], 400, 'REQUEST_INVALID'],
      ['null', 400, 'REQUEST_INVALID'],
      [{ amount: '1', metadata: 'text' }, 400, 'REQUEST_INVALID'],
      ['{"amount":"1"', 400, 'BODY_MALFORMED'],
      ['{"amount":"1","metadata":{"a":"\\u0000"}}', 400, 'BODY_MALFORMED'],
      ['{"amount":"1","metadata":{"a":"\\ud800"}}', 400, 'BODY_MALFORMED'],
      [`{"amount":"1","metadata":${'{"a":'.repeat(64)}1${'}'.repeat(64)}}`, 400, 'BODY_MALFORMED'],
      [`{"amount":"1","metadata":{"a":"${'x'.repeat(1_100_000)}"}}`, 413, 'BODY_TOO_LARGE'],
      [{ usage: { input_tokens: 1 } }, 400, 'REQUEST_INVALID'],
      [{ usage: { input_tokens: -1, output_tokens: 1 } }, 400, 'REQUEST_INVALID'],
    ];
    for (const [body, status, code] of bad) {
      const { status: got, body: problem } = await server('POST', '/v1/accounts/bad/spend', body);
      expect([String(body).slice(0, 40), got, problem.code]).toEqual([String(body).slice(0, 40), status, code]);
    }
    expect((await server('POST', '/v1/accounts/a%00b/spend', { amount: '1' })).status).toBe(400);
    expect((await server('POST', '/v1/accounts/a%E0%A4/spend', { amount: '1' })).status).toBe(400);
    expect((await server('POST', `/v1/accounts/${'x'.repeat(129)}/spend`, { amount: '1' })).status).toBe(400);
    expect((await server('POST', '/v1/holds/nonsense/settle', { amount: '1' })).body.code).toBe('HOLD_UNKNOWN');
    expect((await server('GET', '/v1/entries/999-1')).body.code).toBe('ENTRY_UNKNOWN');
    expect(ledger.records.length).toBe(before);
  });

  it(
    'tells an unknown address, a wrong method and a wrong content type ' + 'apart, in the words of the surface',
    async () => {
      expect((await call('GET', '/v1/nothing')).body).toMatchObject({ status: 404, code: 'ROUTE_UNKNOWN' });
      const method = await call('PUT', '/v1/accounts/x');
      expect([method.status, method.headers.get('allow'), method.body.code]).toEqual([
        405,
        'GET, HEAD, PATCH',
        'METHOD_NOT_ALLOWED',
      ]);
      expect((await call('POST', '/v1/accounts', 'x', { 'content-type': 'text/plain' })).body.code).toBe(
        'MEDIA_TYPE_UNSUPPORTED',
      );
      expect((await call('GET', '/api/user/nothing')).body).toEqual({
        success: false,
        error: 'there is nothing at this address',
      });
      expect((await call('DELETE', '/api/auth/login')).body.success).toBe(false);
      expect((await call('POST', '/api/auth/login', '{')).body).toEqual({
        success: false,
        error: 'the body is not valid JSON in UTF-8',
      });
      expect((await call('GET', '/api/user/usage')).body).toEqual({ error: 'Unauthorized' });
      expect((await call('GET', '/api/projects')).body).toEqual({
        error: 'Route unknown',
        detail: 'there is nothing at this address',
        status: 404,
      });
    },
  );

  it('lets keys do what their scopes say, until they are revoked', async () => {
    expect((await call('GET', '/v1/accounts/x')).body.code).toBe('CREDENTIALS_MISSING');
    expect((await call('GET', '/v1/accounts/x', undefined, { 'x-server-api-key': 'wrong' })).body.code).toBe(
      'CREDENTIALS_INVALID',
    );
    const made = await server('POST', '/v1/api-keys', { scopes: ['accounts:read'], rate_limit_per_s: 3 });
    const headers = { authorization: `Bearer ${made.body.key}` };
    expect((await call('GET', '/v1/accounts/x', undefined, headers)).status).toBe(404);
    expect((await call('POST', '/v1/accounts', {}, headers)).body.code).toBe('SCOPE_MISSING');
    await call('GET', '/v1/accounts/x', undefined, headers);
    const limited = await call('GET', '/v1/accounts/x', undefined, headers);
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1']);
    await server('DELETE', `/v1/api-keys/${made.body.id}`);
    expect((await call('GET', '/v1/accounts/x', undefined, headers)).status).toBe(401);
  });

  it('describes every route', async () => {
    const { body } = await call('GET', '/api-docs-json');
    expect(Object.keys(body.paths).length).toBeGreaterThan(30);
    expect((await fetch(`${gateway.address.url}/api-docs`)).status).toBe(200);
  });
});

describe('events', () => {
  const event = {
    specversion: '1.0',
    id: 'e-1',
    source: '/s',
    type: 'request',
    subject: 'evented',
    data: { quantity: 2 },
  };
  const batch = { 'content-type': 'application/cloudevents-batch+json' };

  it('accepts the good ones of a batch and refuses the others one by one', async () => {
    const { status, body } = await server(
      'POST',
      '/v1/events',
      [
        event,
        { ...event, id: 'e-2', time: '1999-12-31T23:59:59Z' },
        { ...event, id: 'e-3', data: { quantity: 1.5 } },
        'x',
      ],
      batch,
    );
    expect(status).toBe(207);
    expect(body.accepted).toBe(1);
    expect(body.receipts).toMatchObject([{ id: 'e-1' }]);
    expect(body.rejected).toMatchObject([
      { index: 1, id: 'e-2', code: 'TIME_OUT_OF_RANGE' },
      { index: 2, code: 'EVENT_MALFORMED' },
      { index: 3, code: 'EVENT_MALFORMED' },
    ]);
  });

  it('takes an event in binary mode and waits for its booking when asked', async () => {
    await server('POST', '/v1/accounts', { id: 'evented', kind: 'wallet', unit: 'token' });
    await server('POST', '/v1/accounts/evented/grants', { amount: '5', reason: 'start' });
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': 'b-1',
      'ce-source': '/s',
      'ce-type': 'request',
      'ce-subject': 'evented',
    };
    const send = (): Promise<Reply> => server('POST', '/v1/events?wait=booked', { quantity: 1 }, headers);
    expect((await send()).body.results).toMatchObject([{ id: 'b-1', status: 'booked' }]);
    expect((await send()).body.results).toMatchObject([{ id: 'b-1', status: 'duplicate' }]);
    expect((await server('POST', '/v1/events', { quantity: 1 })).status).toBe(415);
    expect(
      (
        await server(
          'POST',
          '/v1/events',
          { ...event, specversion: '2' },
          { 'content-type': 'application/cloudevents+json' },
        )
      ).status,
    ).toBe(400);
  });
});

describe('licence keys', () => {
  it('are assigned, used to the last token and refused in the words of the document', async () => {
    await call('POST', '/api/auth/register', { email: 'Ada@example.org', password: 'long enough', name: 'Ada' });
    expect(
      (await call('POST', '/api/auth/register', { email: 'ada@example.org', password: 'long enough', name: 'Ada' }))
        .status,
    ).toBe(400);
    const ada = await loggedIn('ada@example.org');
    const admin = await loggedIn('admin@localhost', adminPassword);
    const made = await call(
      'POST',
      '/api/admin/license-keys',
      { key: 'abc12-xyz34', token_balance: 1, price_per_token: 2 },
      admin,
    );
    expect([made.status, made.body.data.license_key, made.body.data.status]).toEqual([201, 'ABC12-XYZ34', 'active']);
    expect((await call('POST', '/api/admin/license-keys', { key: 'ABC12-XYZ34' }, admin)).status).toBe(400);
    expect((await call('GET', '/api/admin/license-keys/%00', undefined, admin)).status).toBe(404);
    expect((await call('POST', '/api/admin/license-keys', {}, ada)).body).toEqual({
      success: false,
      error: 'Admin access required',
    });

    const use = (headers: Record<string, string>, body?: unknown): Promise<Reply> =>
      call('POST', '/api/user/license-keys/ABC12-XYZ34/use-token', body, headers);
    expect((await use({})).body).toEqual({ success: false, error: 'Authentication is required' });
    expect((await use(ada)).body).toEqual({
      success: false,
      error: 'You do not have permission to use this license key',
    });
    expect((await call('POST', '/api/user/license-keys/NO-SUCH/use-token', undefined, ada)).body.error).toBe(
      'License key not found',
    );
    expect((await call('POST', '/api/user/assign-license', { license_key: ' abc12-xyz34 ' }, ada)).status).toBe(200);
    expect((await call('POST', '/api/user/assign-license', { license_key: 'ABC12-XYZ34' }, ada)).status).toBe(400);
    const used = await use(ada, { purpose: 'API request', metadata: { endpoint: '/api/data' } });
    expect([used.status, used.body]).toEqual([
      200,
      {
        success: true,
        message: 'Token used successfully',
        data: { license_key: 'ABC12-XYZ34', previous_balance: 1, new_balance: 0, tokens_used: 1 },
      },
    ]);
    expect((await use(ada)).body.error).toBe('Insufficient token balance');
    expect((await use(ada, { purpose: 'x'.repeat(256) })).status).toBe(400);

    const profile = await call('GET', '/api/user/profile', undefined, ada);
    const byKey = await call('GET', '/api/user/token-balance', undefined, { 'x-api-key': profile.body.data.api_key });
    expect(byKey.body.data).toMatchObject({
      license_keys: [{ license_key: 'ABC12-XYZ34', token_balance: 0 }],
      total_balance: 0,
    });
    await call('DELETE', `/api/admin/license-keys/${made.body.data.id}`, undefined, admin);
    expect((await use(ada)).body.error).toBe('License key not found');
  });

  it(
    'stops guessing after ten failed logins of an account from one address, parallel ones included, and nobody ' +
      "else's",
    async () => {
      await call('POST', '/api/auth/register', { email: 'eve@example.org', password: 'long enough', name: 'Eve' });
      const tries = await Promise.all(
        Array.from({ length: 14 }, () =>
          call('POST', '/api/auth/login', { email: 'eve@example.org', password: 'wrong' }),
        ),
      );
      expect(tries.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(10);
      const locked = await call('POST', '/api/auth/login', { email: 'eve@example.org', password: 'long enough' });
      expect(locked.status).toBe(429);
      expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(800);
      expect(
        (await call('POST', '/api/auth/login', { email: 'ada@example.org', password: 'long enough' })).status,
      ).toBe(200);
    },
  );
});

describe('when a part is away', () => {
  // Guarantee (rule 23): a caller who was told 503 and tries again without a key is not charged twice.
  it('withdraws a late request without a key, leaves a keyed one, and answers 503 for both', async () => {
    await server('POST', '/v1/accounts', { id: 'late', kind: 'wallet', unit: 'token' });
    await server('POST', '/v1/accounts/late/grants', { amount: '5', reason: 'start' });
    ledger.silent = true;
    const plain = await server('POST', '/v1/accounts/late/spend', { amount: '1' });
    const keyed = await server('POST', '/v1/accounts/late/spend', { amount: '1' }, { 'idempotency-key': 'late-1' });
    await Promise.all([
      server('POST', '/v1/holds/h-1-7-3/extend', { amount: '1' }),
      server('POST', '/v1/holds/h-1-7-3/release'),
      server('POST', '/v1/entries/2-9/correct', { reason: 'twice' }),
    ]);
    ledger.silent = false;
    expect([plain.status, plain.body.code, plain.headers.get('retry-after')]).toEqual([503, 'LEDGER_UNAVAILABLE', '1']);
    expect(keyed.status).toBe(503);
    const spends = ledger.requests.filter(({ type, account }) => type === 'spend' && account === 'late');
    const withdrawals = ledger.requests.filter(({ type }) => type === 'withdraw');
    const id = expect.any(String);
    expect(withdrawals.map(({ data }) => data)).toEqual(
      expect.arrayContaining([
        { source: 'http:spend', id: spends[0]!.id },
        { source: 'http:extend', id, hold: 'h-1-7-3' },
        { source: 'http:correct', id, entry: '2-9' },
      ]),
    );
    // A hold that was released stays released: a repeat is told so, and nothing counts twice.
    expect(withdrawals).toHaveLength(3);
    const again = await server('POST', '/v1/accounts/late/spend', { amount: '1' }, { 'idempotency-key': 'late-1' });
    expect([again.status, again.headers.get('idempotent-replay')]).toEqual([200, 'true']);
  });

  it('answers 503 at once while the log is down, reads on, and works again afterwards', async () => {
    ledger.logDown = true;
    expect((await server('POST', '/v1/accounts/late/spend', { amount: '1' })).body).toMatchObject({
      status: 503,
      code: 'LOG_UNAVAILABLE',
    });
    expect((await server('GET', '/v1/accounts/late')).status).toBe(200);
    await delay(600);
    expect((await call('GET', '/health/ready')).status).toBe(503);
    ledger.logDown = false;
    expect((await server('POST', '/v1/accounts/late/spend', { amount: '1' })).status).toBe(200);
    await delay(600);
    expect((await call('GET', '/health/ready')).body).toMatchObject({ ready: true });
    const metrics = await (await fetch(`${gateway.address.url}/metrics`)).text();
    expect(metrics).toContain('gateway_requests_total{method="POST",route="/v1/accounts/:id/spend",status="503"}');
    expect(topics.usageEvents).toBe(ledger.records[0]?.topic);
  });
});

describe('figures of finance over HTTP', () => {
  const rows = 200_000;
  const path = '/api/admin/billing/finance';
  let admin: ReturnType<typeof createPool>;
  beforeAll(async () => {
    admin = createPool({ url: database.url, max: 2, applicationName: 'finance-test' });
    await admin.query(`create schema finance;
      create view finance.charges as select n as id, '=cmd' || n as user_id, case when n % 2 = 0 then '2026-10'
        else '2026-11' end as month,
        n::bigint * 1000000000000 as amount_minor, 'a' as account, 0 as period_start, n as block, repeat('x',
          1500) as filler from generate_series(1, ${rows}) n;
      create view finance.revenue as select n as month, 1 as currency, 1 as kind, 1 as adjusts from generate_series(1,
        2) n where pg_sleep(30) is not null;
      create view finance.fees as select '2026-10' as month, 'x' as user_id, 1 as period_start, 1 as invoice_id
        where false;
      create view finance.trial_balance as select 'x' as unit, 'y' as side where false`);
  });
  afterAll(() => admin?.end());
  /** Back ends of exports, and what they are at. */
  const exporting = async (): Promise<readonly string[]> =>
    (
      await admin.query<{ state: string }>(
        `select state from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
          and query ~ 'exported'`,
      )
    ).rows.map(({ state }) => state);
  /** What is reachable, garbage aside. */
  const inUse = (): number => {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const open = (query: string): Promise<import('node:http').IncomingMessage> =>
    new Promise((resolve, reject) =>
      get(`${gateway.address.url}${path}/${query}`, { headers: { 'x-server-api-key': serverKey } }, resolve).on(
        'error',
        reject,
      ),
    );

  // Guarantee: an export of any size never fills the memory of the gateway, however slowly it is read.
  it('are sent as fast as they are read, and no faster, whole and of any size', async () => {
    const answer = await open('charges?format=csv');
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
    const before = inUse();
    let [lines, size, most, measured, last] = [0, 0, 0, 0, ''];
    for await (const piece of answer as AsyncIterable<Buffer>) {
      for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, at + 1)) lines++;
      size += piece.length;
      last = (last + piece.toString('latin1', Math.max(0, piece.length - 2_000))).slice(-2_000);
      if (size < measured + 50_000_000) continue;
      if (measured === 0) {
        // Nobody reads, so nothing is fetched: the cursor waits in its transaction.
        await waitFor('the cursor to wait', async () => (await exporting()).join() === 'idle in transaction', 20_000);
      }
      measured = size;
      most = Math.max(most, inUse() - before);
    }
    // Sorted, so the later month comes last, and its last row is whole.
    expect([lines, /\n(\d+),'=cmd\1,2026-11,(?:\1)0{12},a,0,\1,x{1500}\n$/.test(last)]).toEqual([rows + 1, true]);
    expect(size).toBeGreaterThan(300_000_000);
    // Both ends and what lies between them are in this process; all of it kept would be size.
    expect(most).toBeLessThan(size / 3);
    await waitFor('the end of the query', async () => (await exporting()).length === 0, 10_000);
  }, 120_000);

  it('end their query when the client goes away, wherever it is', async () => {
    const gone = new AbortController();
    const asked = fetch(`${gateway.address.url}${path}/revenue`, {
      headers: { 'x-server-api-key': serverKey },
      signal: gone.signal,
    }).catch(() => 'gone');
    await waitFor('the query', async () => (await exporting()).includes('active'));
    gone.abort();
    expect(await asked).toBe('gone');
    await waitFor('the end of the query', async () => (await exporting()).length === 0, 10_000);
    const reading = await open('charges?format=jsonl');
    await new Promise((resolve) => reading.once('data', resolve));
    reading.destroy();
    await waitFor('the end of the export', async () => (await exporting()).length === 0, 10_000);
    // Every place was given back.
    for (let i = 0; i < 6; i++) expect((await server('GET', `${path}/fees`)).status).toBe(200);
  }, 30_000);

  it('are one document, an object a line or CSV, of a month or a user where asked', async () => {
    expect(await server('GET', `${path}/charges?user=%3Dcmd2&month=2026-10`)).toMatchObject({
      status: 200,
      body: {
        success: true,
        data: { view: 'charges', items: [{ id: 2, user_id: '=cmd2', amount_minor: '2000000000000' }] },
      },
    });
    expect((await server('GET', `${path}/fees`)).body).toEqual({ success: true, data: { view: 'fees', items: [] } });
    const lines = await (
      await fetch(`${gateway.address.url}${path}/charges?format=jsonl&user=%3Dcmd7`, {
        headers: { 'x-server-api-key': serverKey },
      })
    ).text();
    expect(lines.split('\n').map((line) => (line === '' ? '' : (JSON.parse(line) as { id: number }).id))).toEqual([
      7,
      '',
    ]);
  });

  it('are refused in the envelope of the surface, before anything is sent', async () => {
    for (const [query, status] of [
      ['nothing', 400],
      ['charges?format=xml', 400],
      ['charges?month=2026-13', 400],
      ['trial_balance?month=2026-10', 400],
      ['charges?user=%00', 400],
      ['attempts', 503],
    ] as const) {
      expect([query, await server('GET', `${path}/${query}`)]).toEqual([
        query,
        expect.objectContaining({
          status,
          body: expect.objectContaining({ success: false, error: expect.any(String) }),
        }),
      ]);
    }
    expect((await call('GET', `${path}/charges`)).status).toBe(401);
    const held = await Promise.all(Array.from({ length: 4 }, () => open('charges')));
    expect(await server('GET', `${path}/fees`)).toMatchObject({ status: 429, body: { success: false } });
    for (const answer of held) answer.destroy();
    await waitFor('a place', async () => (await server('GET', `${path}/fees`)).status === 200, 10_000);
  });
});
