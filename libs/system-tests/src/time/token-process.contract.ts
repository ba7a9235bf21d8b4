import { beforeAll, describe, expect, it } from '@jest/globals';

import { account, advance, day, nowMs, platform } from './timed.ts';

/** Package expiry and deadlines of estimates (surfaces §2). */
export function tokenProcessInTime(): void {
  describe('in a token process, when time passes', () => {
    const post = async (path: string, body: object): Promise<Record<string, unknown>> =>
      (await platform.server.post<{ data: Record<string, unknown> }>(path, body)).body.data;
    const process = { user_id: 'timed', feature_endpoint_id: 'timed-endpoint' };
    beforeAll(async () => {
      await post('/api/features', { id: 'timed-feature', name: 'timed' });
      await post('/api/feature-endpoints', { id: 'timed-endpoint', feature: 'timed-feature', path: '/x' });
      await post('/api/packages', {
        id: 'ten-days',
        name: 'ten days',
        features: ['timed-feature'],
        token: 500,
        duration_days: 10,
      });
    });

    it('a package expires, and its tokens stay', async () => {
      const { package_expires_at: expires } = await post('/api/user-wallets/timed/package', { package: 'ten-days' });
      expect(Date.parse(String(expires))).toBe((await nowMs()) + 10 * day * 1000);
      await advance(10 * day - 1);
      expect(await post('/api/token-process/start', process)).toEqual({
        user_id: 'timed',
        token: 500,
        status: 'accessible',
      });

      await advance(1);

      const expired = { user_id: 'timed', token: 500, status: 'not-accessible', message: 'Package expired' };
      expect(await post('/api/token-process/start', process)).toEqual(expired);
      expect(await post('/api/token-process/start', { ...process, estimate: 5 })).toEqual(expired);
      // What was delivered is booked all the same.
      expect(await post('/api/token-process/end', { ...process, input_token: 0, output_token: 40 })).toMatchObject({
        token: 490,
        cost: 10,
        status: 'returnable',
      });
      await post('/api/user-wallets/timed/package', { package: 'ten-days' });
      expect(await post('/api/token-process/start', process)).toMatchObject({ token: 990, status: 'accessible' });
    });

    it('an estimate is given back at its deadline, and an end that comes later is booked once', async () => {
      const started = await post('/api/token-process/start', { ...process, estimate: 600, expires_in_s: 60 });
      expect(await account('wallet:timed')).toMatchObject({ balance: '990', held: '600', available: '390' });
      await advance(59);
      expect(await account('wallet:timed')).toMatchObject({ held: '600' });

      await advance(1);

      expect(await account('wallet:timed')).toMatchObject({ balance: '990', held: '0', available: '990' });
      const late = { ...process, input_token: 1, output_token: 400, hold_id: started['hold_id'] };
      const first = await post('/api/token-process/end', late);
      expect(first).toEqual({ user_id: 'timed', token: 890, cost: 100, status: 'returnable' });
      expect(await post('/api/token-process/end', late)).toEqual(first);
      expect(await account('wallet:timed')).toMatchObject({ balance: '890' });
    });
  });
}
