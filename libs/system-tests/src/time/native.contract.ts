import { describe, expect, it } from '@jest/globals';

import type { Reply } from '../harness/client.ts';
import { openWallet } from '../harness/load.ts';
import { account, advance, day, entryKinds, nowMs, open, platform, spend } from './timed.ts';

/** Holds, grants, allowances, trials and limits as time passes (correctness 16, 17). */
export function nativeAccountsInTime(): void {
  describe('when time passes', () => {
    it('a hold is given back at its deadline and not before', async () => {
      await openWallet(platform.server, 'holding', '100');
      const {
        body: { hold_id: hold },
      } = await platform.server.post('/v1/accounts/holding/holds', { amount: '60', expires_in_s: 600 });
      await advance(599);
      expect(await account('holding')).toMatchObject({ held: '60', available: '40' });

      await advance(1);

      expect(await account('holding')).toMatchObject({ held: '0', available: '100', holds: [] });
      const settled = await platform.server.post(`/v1/holds/${String(hold)}/settle`, { amount: '60' });
      expect([settled.status, settled.body]).toMatchObject([409, { code: 'HOLD_ENDED' }]);
      expect(await entryKinds('holding')).toEqual(['opened', 'granted', 'held', 'hold_expired']);
    });

    it('a grant expires, after what could be burnt of it was', async () => {
      await openWallet(platform.server, 'expiring', '100');
      const expiresAt = new Date((await nowMs()) + day * 1000).toISOString();
      await platform.server.post('/v1/accounts/expiring/grants', {
        amount: '50',
        reason: 'trial units',
        expires_at: expiresAt,
      });
      expect((await spend('expiring', 20)).body).toMatchObject({ available: '130' });
      await advance(day - 1);
      expect(await account('expiring')).toMatchObject({ balance: '130' });

      await advance(1);

      expect(await account('expiring')).toMatchObject({ balance: '100', lots: [{ granted: '100', left: '100' }] });
      const { body } = await platform.server.get<{ items: unknown[] }>('/v1/accounts/expiring/entries?limit=1');
      expect(body.items).toMatchObject([{ kind: 'expired', amount: '-30', occurred_at: expiresAt }]);
    });

    it('credits are refilled up to the allowance each period, never beyond it and never lowered', async () => {
      await open('monthly', 'credits', { allowance: '5', period: 'P30D' });
      expect(await account('monthly')).toMatchObject({ balance: '5' });
      expect((await spend('monthly', 5)).status).toBe(200);
      const empty = await spend('monthly', 1);
      expect([empty.status, empty.body]).toMatchObject([
        429,
        { code: 'ALLOWANCE_EXHAUSTED', resets_at: expect.any(String) },
      ]);

      await advance(30 * day);
      expect(await account('monthly')).toMatchObject({ balance: '5', used: '0' });
      expect((await spend('monthly', 2)).body).toMatchObject({ available: '3' });
      await advance(90 * day);
      expect(await account('monthly')).toMatchObject({ balance: '5' });

      await platform.server.post('/v1/accounts/monthly/grants', { amount: '10', reason: 'bonus' });
      await advance(30 * day);
      expect(await account('monthly')).toMatchObject({ balance: '15' });
    });

    it('a trial ends', async () => {
      const login = await platform.anybody.post<{ access_token: string }>('/api/auth/login', platform.admin);
      const admin = platform.anybody.with({ authorization: `Bearer ${login.body.access_token}` });
      const {
        body: {
          data: { license_key: key },
        },
      } = await admin.post<{ data: { license_key: string } }>('/api/admin/license-keys', { token_balance: 5 });
      await admin.post('/api/user/assign-license', { license_key: key });
      await admin.post(`/api/admin/license-keys/${key}/trial`, { trial_days: 7, token_balance: 5 });
      const use = (): Promise<Reply> => admin.post(`/api/user/license-keys/${key}/use-token`);
      await advance(7 * day - 1);
      expect((await use()).status).toBe(200);

      await advance(2);

      const ended = await use();
      expect([ended.status, ended.body]).toEqual([400, { success: false, error: 'License key is not active' }]);
      expect(await account(`licence:${key}`)).toMatchObject({ balance: '4' });
    });

    it('a limit of a period is lifted with the next one, for the whole family', async () => {
      await open('budget', 'metered', { limit: '100', period: 'P1D' });
      await open('budget/child', 'wallet', {});
      await platform.server.post('/v1/accounts/budget%2Fchild/grants', { amount: '1000', reason: 'plenty' });
      expect((await spend('budget%2Fchild', 100)).status).toBe(200);
      const over = await spend('budget%2Fchild', 1);
      expect([over.status, over.body]).toMatchObject([429, { resets_at: expect.any(String) }]);

      await advance(day);

      expect((await spend('budget%2Fchild', 100)).body).toMatchObject({ available: '0' });
      expect(await account('budget')).toMatchObject({ used: '100', limits: [{ limit: '100', remaining: '0' }] });
    });
  });
}
