import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { Client, Reply } from './harness/client.ts';
import type { DistributedPlatform } from './harness/distributed.ts';
import { openWallet } from './harness/load.ts';

const run = Date.now().toString(36);

/** Two gateways over the same log and books: it does not matter which one a client meets. */
export function severalGateways(subject: () => DistributedPlatform): void {
  describe('two gateways', () => {
    let platform: DistributedPlatform;
    let gateways: readonly [Client, Client];
    const anyOf = (index: number): Client => gateways[index % 2] as Client;
    beforeAll(async () => {
      platform = subject();
      platform.secondGateway.start();
      await waitFor(
        'the second gateway',
        async () => (await platform.anybodyAtSecond.get('/health/ready')).status === 200,
        40_000,
      );
      gateways = [platform.server, platform.serverAtSecond];
    });
    afterAll(async () => {
      await platform.secondGateway.stop();
    });

    it('give the last units to as many of 64 racing clients as there are, on a path of accounts too', async () => {
      const [first] = gateways;
      await openWallet(first, `two-race-${run}`, '100');
      const parent = `two-parent-${run}`;
      await first.post('/v1/accounts', { id: parent, kind: 'quota', unit: 'unit', settings: { limit: '50' } });
      for (const child of ['a', 'b'])
        await first.post('/v1/accounts', { id: `${parent}/${child}`, kind: 'metered', unit: 'unit' });
      const raced = async (accountOf: (index: number) => string): Promise<number> => {
        const wins = await Promise.all(
          Array.from({ length: 64 }, async (_, index) => {
            for (let won = 0; ; won++) {
              const { status } = await anyOf(index).post(`/v1/accounts/${encodeURIComponent(accountOf(index))}/spend`, {
                amount: '1',
              });
              if (status !== 200) return won;
            }
          }),
        );
        return wins.reduce((sum, won) => sum + won, 0);
      };

      expect(await raced(() => `two-race-${run}`)).toBe(100);
      expect(await raced((index) => `${parent}/${index % 3 === 0 ? 'a' : 'b'}`)).toBe(50);
    });

    it('book one key once, whichever of them hears it first, and answer both alike', async () => {
      const account = `two-keys-${run}`;
      await openWallet(gateways[0], account, '100');
      const spend = (index: number, key: string): Promise<Reply> =>
        anyOf(index).post(`/v1/accounts/${account}/spend`, { amount: '1' }, { 'idempotency-key': key });

      for (let round = 0; round < 10; round++) {
        const replies = await Promise.all(Array.from({ length: 8 }, (_, index) => spend(index, `round-${round}`)));
        expect(new Set(replies.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
        expect(replies.filter(({ headers }) => headers.get('idempotent-replay') === null)).toHaveLength(1);
      }
      expect((await anyOf(1).get(`/v1/accounts/${account}`)).body).toMatchObject({ balance: '90' });
    });

    it('ask a product service once for a key that reaches both at the same time', async () => {
      const [first, second] = [platform.anybody, platform.anybodyAtSecond];
      const someone = { email: `two-${run}@example.org`, password: 'correct horse', name: 'Two' };
      await first.post('/api/auth/register', someone);
      const {
        body: { token },
      } = await second.post<{ token: string }>('/api/auth/login', someone);
      const projectId = `two-${run}`;

      const replies = await Promise.all(
        [first, second, first, second].map((client) =>
          client.post(
            '/api/projects/start-workflow',
            { projectId },
            { authorization: `Bearer ${token}`, 'idempotency-key': 'both' },
          ),
        ),
      );

      expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(new Set(replies.map(({ body }) => JSON.stringify(body))).size).toBe(1);
      expect(platform.upstream.callsFor(projectId)).toHaveLength(1);
      const { body } = await second.with({ authorization: `Bearer ${token}` }).get<{ data: object }>('/api/user/usage');
      expect(body.data).toMatchObject({ credits: 4 });
    });

    it('see within a second what an admin changed at the other: an endpoint opened and closed', async () => {
      const [first, second] = gateways;
      const [feature, endpoint, user] = [`two-f-${run}`, `two-e-${run}`, `two-u-${run}`];
      const start = () =>
        second.post<{ data: { status: string; message?: string } }>('/api/token-process/start', {
          user_id: user,
          feature_endpoint_id: endpoint,
        });
      await first.post('/api/user-wallets/give-bonus-token', { user_id: user, token: 100 });
      expect((await start()).body.data.status).toBe('not-accessible');

      await first.post('/api/features', { id: feature, name: feature });
      expect((await first.post('/api/feature-endpoints', { id: endpoint, feature, path: '/two' })).status).toBe(201);
      await waitFor(
        'the second gateway to see the endpoint',
        async () => (await start()).body.data.status === 'accessible',
        1_500,
      );

      expect((await first.patch(`/api/feature-endpoints/${endpoint}`, { is_active: false })).status).toBe(200);
      await waitFor(
        'the second gateway to see that it was closed',
        async () => (await start()).body.data.status === 'not-accessible',
        1_500,
      );
    });

    it('forget a server key within seconds that was revoked at the other', async () => {
      const [first] = gateways;
      const {
        body: { id, key },
      } = await first.post<{ id: string; key: string }>('/v1/api-keys', { name: 'two', scopes: ['accounts:read'] });
      const asKey = platform.anybodyAtSecond.with({ 'x-server-api-key': key });
      const path = `/v1/accounts/two-keys-${run}`;
      await waitFor('the second gateway to know the key', async () => (await asKey.get(path)).status === 200, 5_000);

      await first.delete(`/v1/api-keys/${id}`);

      await waitFor('the second gateway to refuse the key', async () => (await asKey.get(path)).status === 401, 5_000);
    });

    it('lose nothing and double nothing when one is killed while its clients go over to the other', async () => {
      const account = `two-kill-${run}`;
      await openWallet(gateways[0], account, '1000');
      const answered = new Map<string, string>();
      const spend = async (key: string, from: number): Promise<void> => {
        for (let attempt = from; ; attempt++) {
          const reply = await anyOf(attempt)
            .post<{ entry: { id: string } }>(
              `/v1/accounts/${account}/spend`,
              { amount: '1' },
              { 'idempotency-key': key },
            )
            .catch(() => null);
          if (reply?.status === 200) return void answered.set(key, reply.body.entry.id);
        }
      };
      const clients = Array.from({ length: 16 }, async (_, client) => {
        for (let turn = 0; turn < 20; turn++) await spend(`kill-${client}-${turn}`, client);
      });
      await waitFor('some answers', () => answered.size > 60, 20_000);
      await platform.secondGateway.kill();
      await Promise.all(clients);
      platform.secondGateway.start();

      expect(answered.size).toBe(320);
      expect(new Set(answered.values()).size).toBe(320);
      expect((await platform.server.get(`/v1/accounts/${account}`)).body).toMatchObject({ balance: '680' });
    });
  });
}
