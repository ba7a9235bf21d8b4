import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '@tollgate/contracts';
import { waitFor } from '@tollgate/testing';

import type { RunningGateway } from './index.ts';
import type { Reply } from './testing/gateway-harness.ts';
import { adminPassword, GatewayHarness } from './testing/gateway-harness.ts';
import { LedgerStandIn } from './testing/ledger-stand-in.ts';

const ledger = new LedgerStandIn();
let harness: GatewayHarness;
let gateway: RunningGateway;

beforeAll(async () => {
  harness = await GatewayHarness.start(ledger);
  ({ gateway } = harness);
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

  it("tells unknown addresses, wrong methods and wrong content types apart, in the surface's words", async () => {
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
  });

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

  it('stops an address after ten failed logins of an account, also parallel ones, and nobody else', async () => {
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
    expect((await call('POST', '/api/auth/login', { email: 'ada@example.org', password: 'long enough' })).status).toBe(
      200,
    );
  });
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
    await waitFor('readiness to say so', async () => (await call('GET', '/health/ready')).status === 503);
    ledger.logDown = false;
    expect((await server('POST', '/v1/accounts/late/spend', { amount: '1' })).status).toBe(200);
    await waitFor('readiness to return', async () => (await call('GET', '/health/ready')).body.ready === true);
    const metrics = await (await fetch(`${gateway.address.url}/metrics`)).text();
    expect(metrics).toContain('gateway_requests_total{method="POST",route="/v1/accounts/:id/spend",status="503"}');
    expect(topics.usageEvents).toBe(ledger.records[0]?.topic);
  });
});
