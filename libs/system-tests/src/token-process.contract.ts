import { beforeAll, describe, expect, it } from '@jest/globals';

import type { Client, Reply } from './harness/client.ts';
import type { Platform } from './harness/platform.ts';

type Body = {
  success: boolean;
  status?: number;
  message: string;
  sources?: readonly { path: string; message: string }[];
  data: Record<string, unknown>;
  meta?: unknown;
};
const start = '/api/token-process/start';
const end = '/api/token-process/end';
const run = Date.now().toString(36);
let users = 0;
const newUser = (): string => `user-${run}-${++users}`;

/** The token-process surface as its clients see it (surfaces §2, seed 001). */
export function tokenProcess(platform: () => Platform): void {
  let server: Client;
  const catalog = {
    feature: `f-${run}`,
    other: `other-${run}`,
    endpoint: `feature-endpoint-456-${run}`,
    inactive: `inactive-${run}`,
    forbid: `forbid-${run}`,
    lacking: `lacking-${run}`,
  };
  const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply<Body>> =>
    server.post<Body>(path, body, headers);
  const create = async (resource: string, body: unknown): Promise<Record<string, unknown>> => {
    const { status, body: answer } = await post(`/api/${resource}`, body);
    expect([status, answer]).toEqual([201, expect.objectContaining({ success: true })]);
    return answer.data;
  };
  const begin = (user_id: string, more: object = {}, headers = {}) =>
    post(start, { user_id, feature_endpoint_id: catalog.endpoint, ...more }, headers);
  const finish = (user_id: string, output_token: number, more: object = {}, headers = {}) =>
    post(end, { user_id, feature_endpoint_id: catalog.endpoint, input_token: 100, output_token, ...more }, headers);
  const gift = async (token: number, user_id = newUser()): Promise<string> => {
    expect((await post('/api/user-wallets/give-bonus-token', { user_id, token })).status).toBe(200);
    return user_id;
  };
  const wallet = async (user: string): Promise<Record<string, unknown>> =>
    (await server.get(`/v1/accounts/${encodeURIComponent(`wallet:${user}`)}`)).body;
  const entries = async (user: string): Promise<readonly Record<string, unknown>[]> =>
    (
      await server.get<{ items: Record<string, unknown>[] }>(
        `/v1/accounts/${encodeURIComponent(`wallet:${user}`)}/entries?limit=200`,
      )
    ).body.items;

  beforeAll(async () => {
    ({ server } = platform());
    await create('features', { id: catalog.feature, name: 'text' });
    await create('features', { id: catalog.other, name: 'images' });
    await create('feature-endpoints', {
      id: catalog.endpoint,
      feature: catalog.feature,
      path: '/generate',
      minimum_token: 10,
    });
    await create('feature-endpoints', {
      id: catalog.inactive,
      feature: catalog.feature,
      path: '/old',
      is_active: false,
    });
    await create('packages', {
      id: catalog.forbid,
      name: 'strict',
      features: [catalog.feature],
      token: 100,
      overdraft: 'forbid',
    });
    await create('packages', { id: catalog.lacking, name: 'images only', features: [catalog.other], token: 5 });
  });

  describe('a token process', () => {
    it('needs a server key, with the texts of the document', async () => {
      for (const path of [start, end]) {
        const missing = await platform().anybody.post(path, {});
        expect([missing.status, missing.body]).toEqual([
          401,
          { success: false, status: 401, message: 'Server API key is required' },
        ]);
        const wrong = await platform().anybody.post(path, {}, { 'x-server-api-key': 'nobody' });
        expect([wrong.status, wrong.body]).toEqual([
          401,
          { success: false, status: 401, message: 'Invalid server API key' },
        ]);
      }
    });

    it('starts and ends as in the document: 100 in and 400 out cost 100', async () => {
      const user = await gift(150);
      const started = await begin(user);
      expect([started.status, started.body]).toEqual([
        200,
        { success: true, message: expect.any(String), data: { user_id: user, token: 150, status: 'accessible' } },
      ]);
      const ended = await finish(user, 400, { model: 'gemini-pro' });
      expect([ended.status, ended.body]).toEqual([
        200,
        {
          success: true,
          message: expect.any(String),
          data: { user_id: user, token: 50, cost: 100, status: 'returnable' },
        },
      ]);
    });

    it('refuses a start in the documented order, always with 200', async () => {
      const user = newUser();
      const told = async (more: object, user_id = user) => {
        const { status, body } = await begin(user_id, more);
        expect([status, body.success, body.data.status]).toEqual([200, true, 'not-accessible']);
        return [body.data.token, body.data.message];
      };
      expect(await told({ feature_endpoint_id: 'nowhere' })).toEqual([0, 'Feature endpoint not found']);
      expect(await told({ feature_endpoint_id: catalog.inactive })).toEqual([0, 'Feature endpoint is not active']);
      expect((await server.get(`/api/user-wallets/user/${user}`)).status).toBe(404);
      // No wallet: one is opened with nothing in it.
      expect(await told({})).toEqual([0, 'Insufficient tokens. Required: 10, Available: 0']);
      expect(await wallet(user)).toMatchObject({ kind: 'wallet', unit: 'token', balance: '0', owner: user });
      await gift(9, user);
      expect(await told({})).toEqual([9, 'Insufficient tokens. Required: 10, Available: 9']);
      await gift(1, user);
      expect((await begin(user)).body.data).toEqual({ user_id: user, token: 10, status: 'accessible' });
      await post(`/api/user-wallets/${user}/package`, { package: catalog.lacking });
      expect(await told({})).toEqual([15, 'Feature endpoint is not available in your package']);
    });

    it('charges output four to one, rounded up, and books below zero', async () => {
      const user = await gift(3);
      const costs: unknown[] = [];
      for (const output of [1, 4, 5, 400]) costs.push((await finish(user, output)).body.data.cost);
      expect(costs).toEqual([1, 1, 2, 100]);
      expect(await wallet(user)).toMatchObject({ balance: '-101' });
      await gift(200, user);
      expect((await begin(user)).body.data).toMatchObject({ token: 99, status: 'accessible' });
    });

    it('books nothing when both counts are 0, and records input that costs nothing', async () => {
      const user = await gift(10);
      const before = (await entries(user)).length;
      const nothing = await finish(user, 0, { input_token: 0 });
      expect([nothing.status, nothing.body.data]).toEqual([
        200,
        { user_id: user, token: 10, cost: 0, status: 'returnable' },
      ]);
      expect(await entries(user)).toHaveLength(before);
      expect((await finish(user, 0)).body.data).toEqual({ user_id: user, token: 10, cost: 0, status: 'returnable' });
      expect((await entries(user))[0]).toMatchObject({ amount: '0', rate: { inputs: { input_tokens: '100' } } });
    });

    it('is not returnable for an unknown endpoint, and 404 for an unknown wallet', async () => {
      const user = await gift(10);
      expect((await finish(user, 400, { feature_endpoint_id: 'nowhere' })).body.data).toEqual({
        user_id: user,
        token: 10,
        cost: 100,
        status: 'not-returnable',
        message: 'Feature endpoint not found',
      });
      for (const output of [0, 400]) {
        const unknown = await finish(newUser(), output, { input_token: 0 });
        expect([unknown.status, unknown.body]).toEqual([
          404,
          { success: false, status: 404, message: 'User wallet not found' },
        ]);
      }
      expect(await wallet(user)).toMatchObject({ balance: '10' });
    });

    it('keeps the rate version, inputs and model, so that the cost can be explained', async () => {
      const user = await gift(500);
      const { id } = await create('token-profits', { percentage: 10 });
      expect((await finish(user, 400, { model: 'gemini-pro' })).body.data).toMatchObject({ cost: 110 });
      await server.patch(`/api/token-profits/${String(id)}`, { percentage: 20 });
      const more = await create('token-profits', { percentage: 0.5 });
      expect((await finish(user, 400)).body.data).toMatchObject({ cost: 121 });
      await server.delete(`/api/token-profits/${String(more['id'])}`);
      await server.patch(`/api/token-profits/${String(id)}`, { is_active: false });
      expect((await finish(user, 400)).body.data).toMatchObject({ cost: 100, token: 500 - 110 - 121 - 100 });
      const [plain, , tenth] = await entries(user);
      const explained = await server.get<{ steps: unknown[] }>(`/v1/entries/${String(tenth?.['id'])}/explain`);
      expect(explained.body).toMatchObject({
        inputs: {
          model: 'gemini-pro',
          feature_endpoint_id: catalog.endpoint,
          input_tokens: '100',
          output_tokens: '400',
        },
        result: '-110',
      });
      expect(explained.body.steps).toContainEqual({
        step: 'cost',
        formula: 'ceil(100 + 100 × 1000 / 10000)',
        result: '110',
      });
      expect((await server.get(`/v1/entries/${String(plain?.['id'])}/explain`)).body).toMatchObject({ result: '-100' });
    });
  });

  describe('an estimate', () => {
    it('is reserved by start, never from overdraft, and settled by end', async () => {
      const user = await gift(100);
      const started = await begin(user, { estimate: 60 });
      expect(started.body.data).toMatchObject({
        token: 100,
        status: 'accessible',
        hold_id: expect.any(String),
        expires_at: expect.any(String),
      });
      expect(await wallet(user)).toMatchObject({ balance: '100', held: '60' });
      expect((await begin(user, { estimate: 41 })).body.data).toEqual({
        user_id: user,
        token: 100,
        status: 'not-accessible',
        message: 'Insufficient tokens. Required: 41, Available: 40',
      });
      const { hold_id } = started.body.data;
      expect((await finish(user, 200, { hold_id })).body.data).toEqual({
        user_id: user,
        token: 50,
        cost: 50,
        status: 'returnable',
      });
      expect(await wallet(user)).toMatchObject({ balance: '50', held: '0' });
      // Sent again without a key: the hold names it, so that it is booked once.
      const again = await finish(user, 200, { hold_id });
      expect([again.body.data['token'], again.headers.get('idempotent-replay')]).toEqual([50, 'true']);
      const otherKey = await finish(user, 200, { hold_id }, { 'idempotency-key': 'another' });
      expect([otherKey.status, otherKey.body]).toEqual([
        409,
        { success: false, status: 409, message: expect.any(String) },
      ]);
      expect(await wallet(user)).toMatchObject({ balance: '50' });
    });

    it('is checked as any start is, and of 0 reserves nothing', async () => {
      const user = newUser();
      expect((await begin(user, { estimate: 5 })).body.data).toMatchObject({
        token: 0,
        message: 'Insufficient tokens. Required: 10, Available: 0',
      });
      await gift(50, user);
      expect((await begin(user, { estimate: 0 })).body.data).toEqual({
        user_id: user,
        token: 50,
        status: 'accessible',
      });
      expect((await begin(user, { estimate: 5, feature_endpoint_id: 'nowhere' })).body.data).toMatchObject({
        token: 0,
        message: 'Feature endpoint not found',
      });
      await post(`/api/user-wallets/${user}/package`, { package: catalog.lacking });
      expect((await begin(user, { estimate: 5 })).body.data).toEqual({
        user_id: user,
        token: 55,
        status: 'not-accessible',
        message: 'Feature endpoint is not available in your package',
      });
      expect(await wallet(user)).toMatchObject({ held: '0' });
    });

    it('of another user or of nobody cannot be settled', async () => {
      const [user, thief] = [await gift(100), await gift(100)];
      const { hold_id } = (await begin(user, { estimate: 60 })).body.data;
      for (const named of [hold_id, 'h-1-2-3', 'x']) {
        const { status, body } = await finish(thief, 4, { hold_id: named });
        expect([status, body]).toEqual([404, { success: false, status: 404, message: 'Hold not found' }]);
      }
      expect([await wallet(user), await wallet(thief)]).toMatchObject([{ held: '60' }, { balance: '100', held: '0' }]);
    });
  });

  describe('a package that forbids overdraft', () => {
    it('makes an end that the balance does not cover not returnable, from the change of the package on', async () => {
      const user = newUser();
      const given = await post(`/api/user-wallets/${user}/package`, { package: catalog.forbid });
      expect([given.status, given.body.data]).toEqual([
        200,
        { user_id: user, package: catalog.forbid, package_expires_at: null, token: 100 },
      ]);
      const refused = await finish(user, 404);
      expect(refused.body.data).toEqual({
        user_id: user,
        token: 100,
        cost: 101,
        status: 'not-returnable',
        message: 'Insufficient tokens. Required: 101, Available: 100',
      });
      await server.patch(`/api/packages/${catalog.forbid}`, { overdraft: 'allow' });
      expect((await finish(user, 404)).body.data).toMatchObject({ token: -1, cost: 101, status: 'returnable' });
      await server.patch(`/api/packages/${catalog.forbid}`, { overdraft: 'forbid' });
      expect((await finish(user, 4)).body.data).toMatchObject({ status: 'not-returnable', cost: 1 });
    });

    // Guarantee: racing ends never spend one unit twice (surfaces §0.7).
    it('is not overspent by 64 racing ends', async () => {
      const user = newUser();
      await post(`/api/user-wallets/${user}/package`, { package: catalog.forbid });
      const ended = await Promise.all(Array.from({ length: 64 }, () => finish(user, 12)));
      const statuses = ended.map(({ body }) => body.data['status']);
      expect(statuses.filter((status) => status === 'returnable')).toHaveLength(33);
      expect(statuses.filter((status) => status === 'not-returnable')).toHaveLength(31);
      expect(await wallet(user)).toMatchObject({ balance: '1' });
    });
  });

  describe('a repeat under an Idempotency-Key', () => {
    it('gets the first answer, whatever happened since, and 409 with another body', async () => {
      const user = await gift(100);
      const headers = { 'idempotency-key': 'e1' };
      const [first, concurrent] = await Promise.all([finish(user, 40, {}, headers), finish(user, 40, {}, headers)]);
      expect(concurrent.body).toEqual(first.body);
      await gift(7, user);
      const endpoint = `closed-${run}`;
      await create('feature-endpoints', { id: endpoint, feature: catalog.feature, path: '/x' });
      const under = { feature_endpoint_id: endpoint };
      const open = [
        await finish(user, 4, under, { 'idempotency-key': 'e2' }),
        await begin(user, { ...under, estimate: 3 }, { 'idempotency-key': 's1' }),
      ];
      await server.delete(`/api/feature-endpoints/${endpoint}`);
      const closed = [
        await finish(user, 4, under, { 'idempotency-key': 'e2' }),
        await begin(user, { ...under, estimate: 3 }, { 'idempotency-key': 's1' }),
      ];
      expect(closed.map(({ body }) => body)).toEqual(open.map(({ body }) => body));
      expect(closed.map(({ headers: sent }) => sent.get('idempotent-replay'))).toEqual(['true', 'true']);
      expect((await finish(user, 4, under, { 'idempotency-key': 'new' })).body.data).toMatchObject({
        status: 'not-returnable',
        message: 'Feature endpoint not found',
      });
      const again = await finish(user, 40, {}, headers);
      expect([again.status, again.body, again.headers.get('idempotent-replay')]).toEqual([200, first.body, 'true']);
      const other = await finish(user, 44, {}, headers);
      expect([other.status, other.body]).toEqual([409, { success: false, status: 409, message: expect.any(String) }]);
      expect(await wallet(user)).toMatchObject({ balance: '96', held: '3' });
    });

    it('is booked once after what was refused: a refusal is not kept', async () => {
      const user = newUser();
      const headers = { 'idempotency-key': 'later' };
      expect((await begin(user, { estimate: 20 }, headers)).body.data).toMatchObject({ status: 'not-accessible' });
      await gift(50, user);
      const first = await begin(user, { estimate: 20 }, headers);
      const again = await begin(user, { estimate: 20 }, headers);
      expect(again.body).toEqual(first.body);
      expect(await wallet(user)).toMatchObject({ held: '20' });
    });
  });

  describe('gifts', () => {
    it('the initial one is given once, of 100 by default, whoever races', async () => {
      const user = newUser();
      const racing = await Promise.all(
        Array.from({ length: 16 }, () => post('/api/user-wallets/give-initial-token', { user_id: user })),
      );
      expect(racing.filter(({ status }) => status === 200)).toHaveLength(1);
      const lost = racing.filter(({ status }) => status !== 200);
      expect(lost.map(({ status, body }) => [status, body.message])).toEqual(
        lost.map(() => [400, 'Initial token already given']),
      );
      expect(await wallet(user)).toMatchObject({ balance: '100' });
    });

    it('are repeated under a key without giving twice', async () => {
      const user = newUser();
      const send = (path: string, body: unknown) => post(path, body, { 'idempotency-key': 'gift' });
      for (const [path, body, other] of [
        ['/api/user-wallets/give-initial-token', { user_id: user, token: 30 }, { user_id: user, token: 31 }],
        ['/api/user-wallets/give-bonus-token', { user_id: user, token: 5 }, { user_id: user, token: 6 }],
        [`/api/user-wallets/${user}/package`, { package: catalog.forbid }, { package: catalog.lacking }],
      ] as const) {
        const [first, again] = [await send(path, body), await send(path, body)];
        expect([first.status, again.status, again.body, again.headers.get('idempotent-replay')]).toEqual([
          200,
          200,
          first.body,
          'true',
        ]);
        expect((await send(path, other)).status).toBe(409);
      }
      expect(await wallet(user)).toMatchObject({ balance: '135', settings: { package: catalog.forbid } });
    });

    it('need a server key or an admin, and a wallet is shown to its user', async () => {
      const { anybody, admin } = platform();
      expect((await anybody.post('/api/user-wallets/give-bonus-token', { user_id: 'x', token: 1 })).status).toBe(401);
      const login = async (credentials: object) => {
        const { body } = await anybody.post<{ access_token: string; data: { user: { id: string } } }>(
          '/api/auth/login',
          credentials,
        );
        return { client: anybody.with({ authorization: `Bearer ${body.access_token}` }), id: body.data.user.id };
      };
      const person = { email: `wallet-${run}@example.org`, password: 'correct horse battery', name: 'W' };
      await anybody.post('/api/auth/register', person);
      const { client, id } = await login(person);
      expect((await client.get('/api/user-wallets/self')).body).toEqual({
        success: false,
        status: 404,
        message: 'User wallet not found',
      });
      expect((await client.post('/api/user-wallets/give-bonus-token', { user_id: id, token: 1 })).status).toBe(403);
      expect((await client.get('/api/user-wallets/user/somebody-else')).status).toBe(403);
      const boss = (await login(admin)).client;
      expect((await boss.post('/api/user-wallets/give-bonus-token', { user_id: id, token: 12 })).status).toBe(200);
      const shown = { user_id: id, token: 12, package: null, package_expires_at: null };
      for (const asked of [client.get('/api/user-wallets/self'), boss.get(`/api/user-wallets/user/${id}`)])
        expect((await asked).body).toMatchObject({ data: shown });
    });

    it('of a package that is unknown or removed is 404, and changes nothing', async () => {
      const user = await gift(1);
      await create('packages', { id: `removed-${run}`, name: 'x', features: [], token: 9 });
      await server.delete(`/api/packages/removed-${run}`);
      for (const name of ['nowhere', `removed-${run}`]) {
        const { status, body } = await post(`/api/user-wallets/${user}/package`, { package: name });
        expect([status, body]).toEqual([404, { success: false, status: 404, message: 'Package not found' }]);
      }
      expect(await wallet(user)).toMatchObject({ balance: '1', settings: {} });
    });
  });

  describe('the catalog', () => {
    it('is plain REST for admins', async () => {
      const id = `rest/${run} %`;
      const path = `/api/features/${encodeURIComponent(id)}`;
      expect(await create('features', { id, name: 'rest' })).toMatchObject({
        id,
        name: 'rest',
        description: null,
        is_active: true,
      });
      const twice = await post('/api/features', { id, name: 'rest' });
      expect([twice.status, twice.body]).toEqual([409, { success: false, status: 409, message: expect.any(String) }]);
      expect((await server.get<Body>(path)).body.data).toMatchObject({ id });
      expect((await server.patch<Body>(path, { description: 'd' })).body.data).toMatchObject({
        name: 'rest',
        description: 'd',
      });
      const list = await server.get<{ data: unknown[]; meta: { total: number } }>('/api/features?page=1&limit=1');
      expect(list.body).toMatchObject({ data: [{ id }], meta: { page: 1, limit: 1, total: expect.any(Number) } });
      expect((await server.delete(path)).status).toBe(200);
      const gone = await server.get(path);
      expect([gone.status, gone.body]).toEqual([404, { success: false, status: 404, message: 'Feature not found' }]);
      expect((await platform().anybody.get('/api/features')).status).toBe(401);
      const bad = await post('/api/feature-endpoints', { feature: 'nowhere', path: '/x' });
      expect([bad.status, bad.body]).toEqual([
        400,
        {
          success: false,
          status: 400,
          message: 'Validation Error',
          sources: [{ path: 'feature', message: expect.any(String) }],
        },
      ]);
    });

    // Guarantee: whoever races, what is charged equals the active profits.
    it('of racing changes of profits leaves the profits that are active', async () => {
      const user = await gift(1_000);
      const made = await Promise.all([1, 2, 3, 4].map((percentage) => create('token-profits', { percentage })));
      await Promise.all(
        made
          .slice(1)
          .map(({ id }, index) =>
            index === 0
              ? server.patch(`/api/token-profits/${String(id)}`, { percentage: 30 })
              : server.delete(`/api/token-profits/${String(id)}`),
          ),
      );
      expect((await finish(user, 400)).body.data).toMatchObject({ cost: 131 });
      const { body } = await server.get<{ items: { version: number; content: unknown }[] }>(
        '/api/admin/catalog/rate-cards?name=default',
      );
      expect(body.items.reduce((a, b) => (b.version > a.version ? b : a)).content).toMatchObject({
        profit_percent: 31,
      });
      for (const { id } of made.slice(0, 2)) await server.delete(`/api/token-profits/${String(id)}`);
      expect((await finish(user, 400)).body.data).toMatchObject({ cost: 100 });
    });

    it('is seen by the next start', async () => {
      const user = await gift(100);
      const endpoint = `seen-${run}`;
      const message = async () => (await begin(user, { feature_endpoint_id: endpoint })).body.data['message'];
      expect(await message()).toBe('Feature endpoint not found');
      await create('feature-endpoints', { id: endpoint, feature: catalog.feature, path: '/x', minimum_token: 100 });
      expect(await message()).toBeUndefined();
      for (const minimum of [101, 100, 102]) {
        await server.patch(`/api/feature-endpoints/${endpoint}`, { minimum_token: minimum });
        expect(await message()).toBe(
          minimum === 100 ? undefined : `Insufficient tokens. Required: ${minimum}, Available: 100`,
        );
      }
    });
  });

  describe('bad input to a token process', () => {
    const invalid = [undefined, null, 1, true, [], {}, '', 'x'.repeat(129), 'a\u0001b', 'a\u0000b', '\ud800'];
    const counts = [undefined, null, '1', true, [], {}, -1, 0.5, 1e300, 2 ** 53];
    const cases: readonly (readonly [path: string, member: string, values: readonly unknown[]])[] = [
      [start, 'user_id', invalid],
      [start, 'feature_endpoint_id', invalid],
      [start, 'estimate', counts.slice(1)],
      [start, 'expires_in_s', [null, '1', 0, -1, 1.5, 1e9]],
      [end, 'user_id', invalid],
      [end, 'feature_endpoint_id', invalid],
      [end, 'input_token', counts],
      [end, 'output_token', counts],
      [end, 'model', invalid.slice(1, -4).concat('x'.repeat(256), 'a\u0001b')],
      [end, 'hold_id', [null, 1, '', 'x'.repeat(201)]],
      ['/api/user-wallets/give-bonus-token', 'token', [...counts, 0]],
      ['/api/user-wallets/give-bonus-token', 'user_id', invalid],
      ['/api/user-wallets/give-initial-token', 'token', [...counts.slice(1), 0]],
      ['/api/user-wallets/give-initial-token', 'user_id', invalid],
      ['/api/token-profits', 'percentage', [undefined, null, '1', -1, 100.01, 0.001, 1e300]],
      ['/api/packages', 'duration_days', ['1', 0, -1, 1.5, 1e9]],
      ['/api/packages', 'overdraft', [null, '', 'maybe', 1]],
      ['/api/packages', 'features', [undefined, null, 'x', [1], [''], [null]]],
      ['/api/packages', 'token', counts],
      ['/api/feature-endpoints', 'minimum_token', counts.slice(1)],
      ['/api/features', 'name', [undefined, null, 1, '', 'x'.repeat(256), 'a\u0001']],
    ];

    it.each(cases)('%s refuses every wrong %s with its name, and books nothing', async (path, member, values) => {
      const user = await gift(1_000);
      const whole: Record<string, unknown> = {
        user_id: user,
        feature_endpoint_id: catalog.endpoint,
        input_token: 1,
        output_token: 4,
        token: 1,
        name: 'n',
        path: '/x',
        feature: catalog.feature,
        features: [],
        percentage: 1,
        estimate: 5,
      };
      if (path.endsWith('give-initial-token')) delete whole['estimate'];
      const before = await wallet(user);
      for (const value of values) {
        const { status, body } = await post(path, { ...whole, [member]: value });
        expect([JSON.stringify(value)?.slice(0, 20), status, body]).toEqual([
          JSON.stringify(value)?.slice(0, 20),
          400,
          {
            success: false,
            status: 400,
            message: 'Validation Error',
            sources: expect.any(Array),
          },
        ]);
        const sources = body.sources?.map((source) => source.path.split('.')[0]);
        // What no JSON text may hold is refused before its members are looked at.
        expect(sources).toEqual(expect.arrayContaining([sources?.[0] === '' ? '' : member]));
      }
      expect(await wallet(user)).toEqual(before);
    });

    it('keeps the envelope of the surface, also before routing', async () => {
      const raw = (path: string, body: string, type: string) => server.raw<Body>(path, body, { 'content-type': type });
      const answers = [
        [400, await raw(start, '{"user_id":', 'application/json')],
        [400, await raw(start, '', 'application/json')],
        [400, await raw(start, '[]', 'application/json')],
        [400, await raw(end, `{"a":${'['.repeat(70)}${']'.repeat(70)}}`, 'application/json')],
        [413, await raw(start, JSON.stringify({ user_id: 'x'.repeat(1_100_000) }), 'application/json')],
        [415, await raw(start, 'a=1', 'text/plain')],
        [404, await server.post<Body>('/api/token-process/nothing', {})],
        [405, await server.get<Body>(start)],
        [404, await server.get<Body>('/api/packages/a/b')],
        [400, await server.get<Body>('/api/features?limit=x')],
      ] as const;
      for (const [status, reply] of answers)
        expect([reply.status, reply.body]).toEqual([
          status,
          expect.objectContaining({ success: false, status, message: expect.any(String) }),
        ]);
    });

    it('takes ids of any script, and members that it does not know', async () => {
      for (const name of [`ид-${run}`, `用户/${run}%`, '😀'.repeat(128)]) {
        const user = name.startsWith('😀') ? name : name + newUser();
        await gift(20, user);
        expect((await begin(user, { unknown: true })).body.data).toMatchObject({ user_id: user, status: 'accessible' });
        expect((await finish(user, 4)).body.data).toMatchObject({ user_id: user, cost: 1 });
      }
    });
  });
}
