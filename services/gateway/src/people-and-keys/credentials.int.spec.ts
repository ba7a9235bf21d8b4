import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool } from '@tollgate/persistence';
import { waitFor } from '@tollgate/testing';

import type { Reply } from '../testing/gateway-harness.ts';
import { adminPassword, GatewayHarness } from '../testing/gateway-harness.ts';

let harness: GatewayHarness;
beforeAll(async () => {
  harness = await GatewayHarness.start();
});
afterAll(() => harness?.close());

type Person = { readonly bearer: Record<string, string>; readonly key: Record<string, string>; readonly id: string };
const secret = 'long enough';
async function person(email: string, password = secret): Promise<Person> {
  await harness.call('POST', '/api/auth/register', { email, password, name: 'A person' });
  const { body } = await harness.call('POST', '/api/auth/login', { email, password });
  return {
    bearer: { authorization: `Bearer ${body.access_token}` },
    key: { 'x-api-key': body.api_key },
    id: body.data.user.id,
  };
}
const profile = (headers: Record<string, string>): Promise<Reply> =>
  harness.call('GET', '/api/user/profile', undefined, headers);
const listKeys = (headers: Record<string, string>): Promise<Reply> =>
  harness.call('GET', '/v1/api-keys', undefined, headers);
const logIn = (email: string, password: string): Promise<Reply> =>
  harness.call('POST', '/api/auth/login', { email, password });

describe('the configured administrator', () => {
  // Guarantee: registering the address before it is configured leaves no credential of an administrator behind.
  it('shares no credential with the person who registered the address before', async () => {
    const mallory = await person('boss@example.org');
    expect((await profile(mallory.key)).status).toBe(200);
    await harness.restart({
      config: { adminEmail: 'Boss@Example.org' },
      secrets: { adminPassword: 'the password of the boss' },
    });
    for (const headers of [mallory.bearer, mallory.key]) {
      expect([(await profile(headers)).status, (await listKeys(headers)).status]).toEqual([401, 401]);
    }
    expect((await logIn('boss@example.org', secret)).status).toBe(401);
    const boss = await harness.loggedIn('boss@example.org', 'the password of the boss');
    expect((await listKeys(boss)).status).toBe(200);
  });

  it('is none any more once another address is configured, with the old logins and key', async () => {
    await harness.restart({
      config: { adminEmail: 'first@example.org' },
      secrets: { adminPassword: 'password of the first' },
    });
    const { body } = await logIn('first@example.org', 'password of the first');
    const old: Record<string, string>[] = [
      { authorization: `Bearer ${body.access_token}` },
      { 'x-api-key': body.api_key },
    ];
    for (const headers of old) expect((await listKeys(headers)).status).toBe(200);
    await harness.restart({
      config: { adminEmail: 'second@example.org' },
      secrets: { adminPassword: 'password of the second' },
    });
    for (const headers of old) expect((await listKeys(headers)).status).toBe(401);
    const now = await harness.loggedIn('first@example.org', 'password of the first');
    expect([(await profile(now)).body.data.role, (await listKeys(now)).status]).toEqual(['user', 403]);
  });

  it('keeps the password changed over HTTP until another one is configured', async () => {
    const config = { adminEmail: 'third@example.org' };
    await harness.restart({ config, secrets: { adminPassword: 'password from the file' } });
    const third = await harness.loggedIn('third@example.org', 'password from the file');
    const change = { current_password: 'password from the file', new_password: 'password by the route' };
    expect((await harness.call('POST', '/api/auth/change-password', change, third)).status).toBe(200);
    await harness.restart({ config, secrets: { adminPassword: 'password from the file' } });
    expect((await logIn('third@example.org', 'password from the file')).status).toBe(401);
    expect((await listKeys(await harness.loggedIn('third@example.org', 'password by the route'))).status).toBe(200);
    await harness.restart({ config, secrets: { adminPassword: 'password after a loss' } });
    expect((await logIn('third@example.org', 'password by the route')).status).toBe(401);
    expect((await logIn('third@example.org', 'password after a loss')).status).toBe(200);
    await harness.restart();
    expect((await logIn('admin@localhost', adminPassword)).status).toBe(200);
  });
});

describe('a user', () => {
  it(
    'changes the password with the present one only; then every earlier login and the key end, at other ' +
      'gateways within seconds',
    async () => {
      const eve = await person('eve@example.org');
      const other = await harness.another();
      const atOther = async (headers: Record<string, string>): Promise<number> =>
        (await fetch(`${other.address.url}/api/user/profile`, { headers })).status;
      expect([await atOther(eve.bearer), await atOther(eve.key)]).toEqual([200, 200]);
      const wrong = await harness.call(
        'POST',
        '/api/auth/change-password',
        { current_password: 'not that one', new_password: 'another one' },
        eve.bearer,
      );
      expect([wrong.status, (await profile(eve.bearer)).status]).toEqual([401, 200]);
      const short = await harness.call(
        'POST',
        '/api/auth/change-password',
        { current_password: secret, new_password: 'short' },
        eve.bearer,
      );
      expect(short.status).toBe(400);

      const changed = await harness.call(
        'POST',
        '/api/auth/change-password',
        { current_password: secret, new_password: 'another one' },
        eve.bearer,
      );
      expect(changed).toMatchObject({
        status: 200,
        body: { success: true, access_token: expect.any(String), api_key: expect.any(String) },
      });
      expect([(await profile(eve.bearer)).status, (await profile(eve.key)).status]).toEqual([401, 401]);
      await waitFor(
        'the other gateway to refuse both',
        async () => (await atOther(eve.bearer)) === 401 && (await atOther(eve.key)) === 401,
        5_000,
      );
      await other.stop();
      const { access_token: token, api_key: key } = changed.body;
      expect([
        (await profile({ authorization: `Bearer ${token}` })).status,
        (await profile({ 'x-api-key': key })).status,
      ]).toEqual([200, 200]);
      expect([
        (await logIn('eve@example.org', secret)).status,
        (await logIn('eve@example.org', 'another one')).status,
      ]).toEqual([401, 200]);
    },
  );

  it('logs out everywhere; the key goes on', async () => {
    const ada = await person('ada@example.org');
    const second = await harness.loggedIn('ada@example.org');
    expect((await harness.call('POST', '/api/auth/logout-all', undefined, second)).status).toBe(200);
    expect([
      (await profile(ada.bearer)).status,
      (await profile(second)).status,
      (await profile(ada.key)).status,
    ]).toEqual([401, 401, 200]);
    expect((await profile(await harness.loggedIn('ada@example.org'))).status).toBe(200);
  });

  it('rotates and revokes the own key', async () => {
    const bob = await person('bob@example.org');
    const made = await harness.call('POST', '/api/user/regenerate-api-key', undefined, bob.bearer);
    expect(made).toMatchObject({
      status: 200,
      body: { success: true, data: { api_key: expect.stringMatching(/^tgu_/), created_at: expect.any(String) } },
    });
    const key = { 'x-api-key': made.body.data.api_key as string };
    expect([(await profile(bob.key)).status, (await profile(key)).body.data.api_key]).toEqual([401, key['x-api-key']]);
    expect((await harness.call('POST', '/api/user/revoke-api-key', undefined, bob.bearer)).status).toBe(200);
    expect([(await profile(key)).status, (await profile(bob.bearer)).body.data.api_key]).toEqual([401, null]);
    expect((await logIn('bob@example.org', secret)).body).toMatchObject({ api_key: null, data: { api_key: null } });
    const anew = await harness.call('POST', '/api/user/regenerate-api-key', undefined, bob.bearer);
    expect((await profile({ 'x-api-key': anew.body.data.api_key })).status).toBe(200);
    expect((await profile(key)).status).toBe(401);
  });
});

describe('a server key', () => {
  const create = (body: object): Promise<Reply> =>
    harness.server('POST', '/v1/api-keys', { scopes: ['accounts:read'], ...body });
  const read = (key: string): Promise<Reply> =>
    harness.call('GET', '/v1/accounts/acme', undefined, { 'x-server-api-key': key });

  it('ends at its time', async () => {
    expect((await create({ expires_at: '2020-01-01T00:00:00Z' })).body.code).toBe('TIME_OUT_OF_RANGE');
    const { body } = await create({ expires_at: new Date(Date.now() + 1_500).toISOString() });
    expect((await read(body.key)).status).toBe(404);
    await waitFor('the end of the key', async () => (await read(body.key)).status === 401, 5_000);
    expect(
      (await harness.call('GET', '/v1/accounts/acme', undefined, { authorization: `Bearer ${body.key}` })).status,
    ).toBe(401);
    expect((await harness.call('POST', '/api/token-process/start', {}, { 'x-server-api-key': body.key })).status).toBe(
      401,
    );
  });

  it('is rotated: the successor works at once, the key itself until the overlap ends', async () => {
    const { body: old } = await create({ name: 'search', account: 'acme', rate_limit_per_s: 50 });
    const rotated = await harness.server('POST', `/v1/api-keys/${old.id}/rotate`, { overlap_s: 1 });
    expect(rotated).toMatchObject({
      status: 201,
      body: { name: 'search', account: 'acme', rate_limit_per_s: 50, scopes: ['accounts:read'] },
    });
    expect([rotated.body.key === old.key, rotated.body.id === old.id]).toEqual([false, false]);
    expect([(await read(old.key)).status, (await read(rotated.body.key)).status]).toEqual([404, 404]);
    await waitFor('the end of the overlap', async () => (await read(old.key)).status === 401, 5_000);
    expect((await read(rotated.body.key)).status).toBe(404);
    expect((await harness.server('POST', `/v1/api-keys/${rotated.body.id}/rotate`, { overlap_s: 0 })).status).toBe(201);
    expect((await read(rotated.body.key)).status).toBe(401);
    expect((await harness.server('POST', '/v1/api-keys/7d0f2c1a-52a7-4f43-9a57-0d2cf8a4a6c1/rotate', {})).status).toBe(
      404,
    );
  });

  it('shows when it was used last', async () => {
    const { body } = await create({});
    const shown = async (): Promise<{ last_used_at: string | null }> =>
      (await harness.server('GET', '/v1/api-keys')).body.items.find(({ id }: { id: string }) => id === body.id);
    expect((await shown()).last_used_at).toBeNull();
    const before = Date.now();
    await read(body.key);
    const used = Date.parse((await shown()).last_used_at ?? '');
    expect(used).toBeGreaterThanOrEqual(before);
    await harness.restart();
    expect(Date.parse((await shown()).last_used_at ?? '')).toBe(used);
  });
});

describe('a server key of one family', () => {
  let key: Record<string, string>;
  const as = (method: string, path: string, body?: unknown, headers = {}): Promise<Reply> =>
    harness.call(method, path, body, { ...key, ...headers });

  beforeAll(async () => {
    const scopes = ['events:write', 'accounts:read', 'accounts:write', 'billing:read', 'admin'];
    const { body } = await harness.server('POST', '/v1/api-keys', { scopes, account: 'acme' });
    key = { 'x-server-api-key': body.key };
    for (const id of ['acme', 'acme/team', 'acme2', 'zeta'])
      await harness.server('POST', '/v1/accounts', { id, kind: 'wallet', unit: 'token' });
    for (const id of ['acme%2Fteam', 'zeta', 'acme2'])
      await harness.server('POST', `/v1/accounts/${id}/grants`, { amount: '100', reason: 'start' });
  });

  it('works within its family', async () => {
    expect((await as('POST', '/v1/accounts', { id: 'acme/new', kind: 'wallet', unit: 'token' })).status).toBe(201);
    expect((await as('POST', '/v1/accounts/acme%2Fteam/spend', { amount: '1' })).status).toBe(200);
    expect((await as('GET', '/v1/accounts/acme')).status).toBe(200);
    const event = {
      specversion: '1.0',
      id: 'e-1',
      source: '/s',
      type: 'request',
      subject: 'acme/team',
      data: { quantity: 1 },
    };
    expect((await as('POST', '/v1/events', event, { 'content-type': 'application/cloudevents+json' })).status).toBe(
      202,
    );
    expect(
      (
        await harness.call('GET', '/v1/accounts/acme', undefined, {
          authorization: `Bearer ${key['x-server-api-key']}`,
        })
      ).status,
    ).toBe(200);
  });

  // Guarantee: a key for one customer opens no other's account, on whatever route and however it is sent.
  it('opens nothing else: every route of the platform is tried', async () => {
    const before = harness.ledger.records.length;
    const bodies: Record<string, unknown> = {
      id: 'zeta',
      kind: 'wallet',
      unit: 'token',
      amount: '1',
      reason: 'r',
      user_id: 'zeta',
      userId: 'zeta',
      tokensUsed: 1,
      customerId: 'cus_1',
      feature_endpoint_id: 'f',
      input_token: 1,
      output_token: 1,
      scopes: ['admin'],
      expires_in_s: 10,
      seconds: 1,
      account: 'zeta',
      spends: [{ account: 'zeta', amount: '1' }],
    };
    const open = new Set<string>();
    for (const route of harness.gateway.routes) {
      const [method = '', pattern = ''] = route.split(' ');
      // Stripe's webhooks know callers by their signature; a holder of a licence key may have it validated.
      const openToAll = ['/api-docs', '/health', '/metrics', '/api/webhooks', '/api/license/validate'].some((prefix) =>
        pattern.startsWith(prefix),
      );
      // Lists the accounts of the family, and no other.
      if (method === 'HEAD' || openToAll || route === 'GET /v1/accounts') continue;
      for (const account of ['zeta', 'acme2', 'h-1-7-3', '1-2']) {
        const path = pattern.replaceAll(/:\w+/g, account);
        for (const headers of [key, { authorization: `Bearer ${key['x-server-api-key']}` }]) {
          const { status } = await harness.call(
            method,
            path,
            method === 'GET' ? undefined : { ...bodies, id: account },
            headers,
          );
          if (![400, 401, 403, 404, 405, 415, 422].includes(status)) open.add(`${route} ${account} ${status}`);
        }
      }
    }
    expect([...open]).toEqual([]);
    const { status, body } = await as('GET', '/v1/accounts?balance_below=1000000');
    expect([status, body.items.map(({ id }: { id: string }) => id).sort()]).toEqual([
      200,
      ['acme', 'acme/new', 'acme/team'],
    ]);
    expect(harness.ledger.records.slice(before)).toEqual([]);
  });

  it('has events of others refused one by one, in whatever form they come', async () => {
    const event = {
      specversion: '1.0',
      id: 'e-9',
      source: '/s',
      type: 'request',
      subject: 'zeta',
      data: { quantity: 1 },
    };
    const single = await as('POST', '/v1/events', event, { 'content-type': 'application/cloudevents+json' });
    expect([single.status, single.body.code]).toEqual([403, 'SCOPE_MISSING']);
    const binary = {
      'ce-specversion': '1.0',
      'ce-id': 'b-9',
      'ce-source': '/s',
      'ce-type': 'request',
      'ce-subject': 'acme2',
    };
    expect((await as('POST', '/v1/events?wait=booked', { quantity: 1 }, binary)).status).toBe(403);
    const before = harness.ledger.records.length;
    const batch = await as('POST', '/v1/events', [event, { ...event, subject: 'acme/team', id: 'e-10' }], {
      'content-type': 'application/cloudevents-batch+json',
    });
    expect([batch.status, batch.body.accepted, batch.body.rejected]).toMatchObject([
      207,
      1,
      [{ index: 0, code: 'SCOPE_MISSING' }],
    ]);
    expect(harness.ledger.records.length).toBe(before + 1);
  });

  it('reaches holds and entries of its family only', async () => {
    harness.ledger.holds.set('h-1-7-3', 'zeta').set('h-1-8-1', 'acme/team');
    for (const [what, body] of [
      ['settle', { amount: '1' }],
      ['extend', { amount: '1' }],
      ['release', {}],
    ] as const) {
      expect((await as('POST', `/v1/holds/h-1-7-3/${what}`, body)).body.code).toBe('HOLD_UNKNOWN');
    }
    const before = harness.ledger.records.length;
    await as('POST', '/v1/holds/h-1-8-1/release', {});
    expect(harness.ledger.records.length).toBe(before + 1);
    expect((await as('GET', '/v1/events/refused?account=zeta')).status).toBe(403);
    expect((await as('GET', '/v1/events/refused')).status).toBe(403);
    expect((await as('GET', '/v1/events/refused?account=acme&account=zeta')).status).toBe(403);
    expect((await harness.call('GET', '/v1/entries/2-9', undefined, key)).status).toBe(404);
  });

  it('cannot be had for an account that cannot be', async () => {
    expect((await harness.server('POST', '/v1/api-keys', { scopes: ['accounts:read'], account: 'a//b' })).status).toBe(
      400,
    );
  });
});

describe('secrets', () => {
  it('are nowhere in the tables', async () => {
    const pool = createPool({ url: harness.database.url, max: 1, applicationName: 'spec' });
    const {
      body: { key },
    } = await harness.server('POST', '/v1/api-keys', { scopes: ['accounts:read'] });
    const { rows } = await pool.query<{ found: string }>(
      `select t::text as found from gateway.api_keys t union all select t::text from gateway.users t`,
    );
    await pool.end();
    for (const { found } of rows) for (const text of [key, secret, adminPassword]) expect(found).not.toContain(text);
  });
});
