import { describe, expect, it } from '@jest/globals';

import { newPerson } from '../harness/people.ts';
import { advance, day, entryKinds, nowMs, platform } from './timed.ts';

/** Monthly resets and ends of subscriptions (surfaces §4). */
export function creditsInTime(): void {
  describe('credits', () => {
    const status = async (userId: string): Promise<Record<string, unknown>> =>
      (await platform.server.get<{ data: Record<string, unknown> }>(`/api/admin/credits/${userId}`)).body.data;
    const act = async (userId: string, action: string, body?: object): Promise<Record<string, unknown>> => {
      const reply = await platform.server.post<{ data: Record<string, unknown> }>(
        `/api/admin/credits/${userId}/${action}`,
        body,
      );
      expect(reply.status).toBe(200);
      return reply.body.data;
    };

    it('are refilled 30 days after the monthly reset date, up to the allowance and never lowered', async () => {
      const opened = await status('monthly-user');
      expect(opened).toMatchObject({ credits: 5, monthlyResetDate: new Date(await nowMs()).toISOString() });
      await act('monthly-user', 'consume');
      await act('monthly-user', 'consume');
      await advance(30 * day - 1);
      expect(await status('monthly-user')).toMatchObject({ credits: 3, monthlyTokensUsed: 4_000 });

      await advance(1);

      const resetDate = new Date(await nowMs()).toISOString();
      expect(await status('monthly-user')).toMatchObject({
        credits: 5,
        monthlyTokensUsed: 0,
        totalTokensUsed: 4_000,
        monthlyResetDate: resetDate,
      });
      await act('monthly-user', 'bonus', { amount: 10 });
      await advance(30 * day);
      expect(await status('monthly-user')).toMatchObject({ credits: 15 });
    });

    it('fall back to free with five when a subscription ends that nobody renewed', async () => {
      await act('subscriber', 'upgrade', { days: 10 });
      await act('subscriber', 'consume');
      const ends = new Date((await nowMs()) + 10 * day * 1000).toISOString();
      await advance(10 * day - 1);
      expect(await status('subscriber')).toMatchObject({
        credits: 99,
        subscriptionTier: 'pro',
        subscriptionEndsAt: ends,
      });

      await advance(1);

      expect(await status('subscriber')).toMatchObject({
        credits: 5,
        isSubscribed: false,
        subscriptionTier: 'free',
        subscriptionEndsAt: null,
        totalTokensUsed: 2_000,
      });
      expect(await entryKinds('credits:subscriber')).toEqual([
        'opened',
        'granted',
        'changed',
        'granted',
        'spent',
        'changed',
        'adjusted',
        'adjusted',
      ]);
      expect(await act('subscriber', 'renew', { days: 5 })).toMatchObject({ credits: 100, subscriptionTier: 'pro' });
    });

    it('of a renewed subscription last to its new end, and are refilled by its tier meanwhile', async () => {
      await act('renewing', 'upgrade', { days: 20 });
      await act('renewing', 'renew', { days: 20 });
      await act('renewing', 'consume');
      await advance(31 * day);
      expect(await status('renewing')).toMatchObject({ credits: 100, subscriptionTier: 'pro', monthlyTokensUsed: 0 });
      await advance(9 * day);
      expect(await status('renewing')).toMatchObject({ credits: 5, subscriptionTier: 'free' });
    });

    it('count a month from a reset that an admin asked for', async () => {
      await act('reset-user', 'consume');
      await advance(10 * day);
      expect(await act('reset-user', 'reset-monthly')).toMatchObject({
        credits: 5,
        monthlyTokensUsed: 0,
        monthlyResetDate: new Date(await nowMs()).toISOString(),
      });
      await act('reset-user', 'consume');
      // The same instant as a reset: what was used is still told apart from what was used before.
      expect(await act('reset-user', 'reset-monthly')).toMatchObject({
        credits: 5,
        monthlyTokensUsed: 0,
        totalTokensUsed: 4_000,
      });
      await act('reset-user', 'consume');
      await advance(29 * day);
      expect(await status('reset-user')).toMatchObject({ credits: 4, monthlyTokensUsed: 2_000 });
      await advance(day);
      expect(await status('reset-user')).toMatchObject({ credits: 5, monthlyTokensUsed: 0, totalTokensUsed: 6_000 });
    });

    it('are sold by stand-ins that say so where no product service is configured', async () => {
      const { client } = await newPerson(platform);
      const workflow = await client.post('/api/projects/start-workflow', { projectId: 'p' });
      expect([workflow.status, workflow.body]).toMatchObject([
        200,
        { workflowStarted: true, message: expect.stringContaining('stand-in'), creditInfo: { creditsRemaining: 4 } },
      ]);
      const review = await client.post('/api/review/generate', { projectId: 'p' });
      expect([review.status, review.body]).toMatchObject([
        200,
        { review: expect.stringContaining('stand-in'), creditInfo: { creditsRemaining: 3 } },
      ]);
    });
  });
}
