import { beforeAll, describe, expect, it } from '@jest/globals';

import type { Client } from './harness/client.ts';
import type { OptimizeSubject } from './harness/image-uploads.ts';
import { accountOf, mebibyte, submit, surface } from './harness/image-uploads.ts';
import { pngOf } from './harness/images.ts';
import type { QuotaProvider } from './harness/quota-provider.ts';

export function asksTheQuotaProvider(subject: () => OptimizeSubject): void {
  describe('the quota provider', () => {
    let anybody: Client;
    let provider: QuotaProvider;
    const check = async (token: string) => {
      const { status, body } = await anybody.with({ 'x-token': token }).get(`${surface}/quota`);
      return [status, body['code'] ?? (body['data'] as Record<string, unknown>)['quota_mb']];
    };
    const refresh = async (token: string) => {
      const { status, body } = await anybody
        .with({ 'x-token': token })
        .post<Record<string, unknown>>(`${surface}/refresh-quota`);
      return [status, body['code'] ?? body['data']] as const;
    };
    beforeAll(() => {
      anybody = subject().platform.anybody;
      ({ provider } = subject());
    });

    it('is asked once in five minutes, and whenever a refresh is asked for', async () => {
      provider.gives('asked', 10);
      await Promise.all(Array.from({ length: 20 }, () => check('asked')));
      expect(provider.asked('asked')).toBe(1);
      provider.gives('asked', 20);
      expect(await check('asked')).toEqual([200, 10]);
      expect(await refresh('asked')).toMatchObject([
        200,
        { quota_mb: 20, subscription_type: 'premium', expires_at: '2999-12-31T23:59:59.000Z' },
      ]);
      expect(provider.asked('asked')).toBe(2);
      expect(await check('asked')).toEqual([200, 20]);
    });

    it('decides who is valid: 4xx, valid:false and expiry are refusals, and nothing is opened for them', async () => {
      provider.says('refused-0', { quota: { valid: false } });
      provider.says('refused-1', { status: 422 });
      provider.gives('refused-2', 10, { expires_at: '2020-01-01T00:00:00Z' });
      for (const token of ['refused-0', 'refused-1', 'refused-2', 'never heard of']) {
        expect(await check(token)).toEqual([403, 'TOKEN_INVALID']);
        expect((await submit(anybody, token)).body).toMatchObject({ success: false, code: 'TOKEN_INVALID' });
        expect(
          (await subject().platform.server.get(`/v1/accounts/${encodeURIComponent(accountOf(token))}`)).status,
        ).toBe(404);
      }
    });

    it('is done without where it has answered before: 5xx, bad JSON, nonsense', async () => {
      provider.gives('outage', 7);
      expect(await check('outage')).toEqual([200, 7]);
      for (const down of [
        { status: 500 },
        { status: 503 },
        { body: '{"valid":' },
        { body: '{"valid":true}' },
        { body: '[]' },
      ]) {
        provider.says('outage', down);
        expect(await refresh('outage')).toMatchObject([200, { quota_mb: 7, subscription_type: 'cached' }]);
        provider.says('new-in-outage', down);
        expect(await refresh('new-in-outage')).toEqual([403, 'TOKEN_INVALID']);
      }
      expect((await submit(anybody, 'outage')).status).toBe(202);
      // Guarantee: a token that was refused does not come back to life with an outage.
      provider.says('outage', { quota: { valid: false } });
      expect(await refresh('outage')).toEqual([403, 'TOKEN_INVALID']);
      provider.says('outage', { status: 500 });
      expect(await refresh('outage')).toEqual([403, 'TOKEN_INVALID']);
    });

    it('is given 10 s to answer', async () => {
      provider.gives('slow', 7);
      await check('slow');
      provider.says('slow', 'silence');
      const startedAt = performance.now();
      expect(await refresh('slow')).toMatchObject([200, { subscription_type: 'cached' }]);
      const tookMs = performance.now() - startedAt;
      expect(tookMs).toBeGreaterThan(9_500);
      expect(tookMs).toBeLessThan(13_000);
    });

    it('lowers a limit below what is used: nothing remains, and nothing is taken', async () => {
      provider.gives('lowered', 10);
      await submit(anybody, 'lowered', { file: pngOf(2 * mebibyte) });
      provider.gives('lowered', 1);
      expect(await refresh('lowered')).toMatchObject([200, { quota_mb: 1, used_mb: 2, remaining_mb: 0 }]);
      expect((await submit(anybody, 'lowered')).body).toMatchObject({
        code: 'QUOTA_EXCEEDED',
        quota_info: { limit_mb: 1, used_mb: 2, remaining_mb: 0 },
      });
      provider.gives('lowered', 0);
      await refresh('lowered');
      const none = await submit(anybody, 'lowered');
      expect([none.status, none.body.code]).toEqual([403, 'QUOTA_UNAVAILABLE']);
      provider.gives('lowered', 3);
      await refresh('lowered');
      expect((await submit(anybody, 'lowered', { file: pngOf(mebibyte) })).body.data.quota_info).toMatchObject({
        used_mb: 3,
        remaining_mb: 0,
      });
    });
  });
}
