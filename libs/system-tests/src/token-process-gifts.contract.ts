import { describe, expect, it } from '@jest/globals';

import type { Body, TokenProcessTools } from './harness/token-process-tools.ts';
import { newUser, run } from './harness/token-process-tools.ts';

/** Gifts to wallets, and the catalog (surfaces §2). */
export function giftsAndCatalog(tools: TokenProcessTools): void {
  const { platform, catalog, post, create, begin, finish, gift, wallet } = tools;

  describe('gifts', () => {
    it('the initial one is given once, of 100 by default, also in a race', async () => {
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
      await tools.server.delete(`/api/packages/removed-${run}`);
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
      expect((await tools.server.get<Body>(path)).body.data).toMatchObject({ id });
      expect((await tools.server.patch<Body>(path, { description: 'd' })).body.data).toMatchObject({
        name: 'rest',
        description: 'd',
      });
      const list = await tools.server.get<{ data: unknown[]; meta: { total: number } }>('/api/features?page=1&limit=1');
      expect(list.body).toMatchObject({ data: [{ id }], meta: { page: 1, limit: 1, total: expect.any(Number) } });
      expect((await tools.server.delete(path)).status).toBe(200);
      const gone = await tools.server.get(path);
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

    // Guarantee: also in a race, what is charged equals the active profits.
    it('of racing changes of profits leaves the profits that are active', async () => {
      const user = await gift(1_000);
      const made = await Promise.all([1, 2, 3, 4].map((percentage) => create('token-profits', { percentage })));
      await Promise.all(
        made
          .slice(1)
          .map(({ id }, index) =>
            index === 0
              ? tools.server.patch(`/api/token-profits/${String(id)}`, { percentage: 30 })
              : tools.server.delete(`/api/token-profits/${String(id)}`),
          ),
      );
      expect((await finish(user, 400)).body.data).toMatchObject({ cost: 131 });
      const { body } = await tools.server.get<{ items: { version: number; content: unknown }[] }>(
        '/api/admin/catalog/rate-cards?name=default',
      );
      expect(body.items.reduce((a, b) => (b.version > a.version ? b : a)).content).toMatchObject({
        profit_percent: 31,
      });
      for (const { id } of made.slice(0, 2)) await tools.server.delete(`/api/token-profits/${String(id)}`);
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
        await tools.server.patch(`/api/feature-endpoints/${endpoint}`, { minimum_token: minimum });
        expect(await message()).toBe(
          minimum === 100 ? undefined : `Insufficient tokens. Required: ${minimum}, Available: 100`,
        );
      }
    });
  });
}
