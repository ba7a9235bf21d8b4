import { randomUUID } from 'node:crypto';

import { expect, it } from '@jest/globals';

import type { CreditsTools } from './harness/credits-tools.ts';
import { day, empty } from './harness/credits-tools.ts';

/** What administrators do with credits (surfaces §4). */
export function creditsOfAdmins(tools: CreditsTools): void {
  const { bench, person, usage, act, booked } = tools;

  it('are raised, renewed and lowered by admins, each at once', async () => {
    const { id } = await person();
    const [now] = [Date.now()];
    expect((await act(id, 'initialize', {})).body.data).toMatchObject({ credits: 5, isSubscribed: false });
    await act(id, 'consume');
    const upgraded = (await act(id, 'upgrade', { days: 30 })).body.data;
    expect(upgraded).toMatchObject({
      credits: 100,
      totalTokens: 200_000,
      isSubscribed: true,
      subscriptionTier: 'pro',
      totalTokensUsed: 2_000,
    });
    expect(Date.parse(upgraded.subscriptionEndsAt ?? '') - now).toBeGreaterThan(29.9 * day);
    await act(id, 'consume');
    const renewed = (await act(id, 'renew', { days: 10 })).body.data;
    expect(renewed).toMatchObject({ credits: 100, subscriptionTier: 'pro' });
    expect(Date.parse(renewed.subscriptionEndsAt ?? '') - Date.parse(upgraded.subscriptionEndsAt ?? '')).toBe(10 * day);
    expect((await act(id, 'bonus', { amount: 7 })).body.data).toMatchObject({ credits: 107 });
    expect((await act(id, 'upgrade', { tier: 'enterprise', credits: 5_000 })).body.data).toMatchObject({
      credits: 5_000,
      subscriptionTier: 'enterprise',
    });
    expect((await act(id, 'check')).body.data).toMatchObject({ credits: 5_000 });
    expect((await act(id, 'downgrade')).body.data).toMatchObject({
      credits: 5,
      isSubscribed: false,
      subscriptionTier: 'free',
      subscriptionEndsAt: null,
    });
    for (let left = 4; left >= 0; left--) expect((await act(id, 'consume')).body.data).toMatchObject({ credits: left });
    const refused = await act(id, 'consume');
    expect([refused.status, refused.body]).toEqual([429, empty]);
    const reset = (await act(id, 'reset-monthly')).body.data;
    expect(reset).toMatchObject({ credits: 5, monthlyTokensUsed: 0, totalTokensUsed: 14_000 });
    expect(Date.parse(reset.monthlyResetDate)).toBeGreaterThanOrEqual(now);
    expect((await act(id, 'check-expiry')).body.data).toEqual(reset);
  });

  it("that were bought are a customer's own: no change of tier wipes or counts them", async () => {
    const { client, id } = await person();
    await usage(client);
    const path = `/v1/accounts/${encodeURIComponent(`credits:${id}`)}/grants`;
    expect(
      (await bench().platform.server.post(path, { amount: '50', kind: 'purchased', reason: 'order 4711' })).status,
    ).toBe(201);
    expect(
      (await bench().platform.server.post(path, { amount: '50', kind: 'rented', reason: 'order 4712' })).status,
    ).toBe(400);
    expect(await usage(client)).toMatchObject({ credits: 55 });
    expect((await act(id, 'upgrade', { days: 30 })).body.data).toMatchObject({ credits: 150 });
    expect((await act(id, 'downgrade')).body.data).toMatchObject({ credits: 55, subscriptionTier: 'free' });
    for (let used = 1; used <= 7; used++) await act(id, 'consume');
    expect((await act(id, 'reset-monthly')).body.data).toMatchObject({ credits: 53 });
    expect(await booked(id)).toMatchObject({ lots: [{ left: '5' }, { left: '48', kind: 'purchased' }] });
  });

  it('take each admin function once for one key, also when two send it at once', async () => {
    const id = `somebody/100% ${randomUUID()} 東京`;
    const twice = await Promise.all([1, 2].map(() => act(id, 'bonus', { amount: 3 }, { 'idempotency-key': 'bonus' })));
    expect(twice.map(({ status, body }) => [status, body.data.credits])).toEqual([
      [200, 8],
      [200, 8],
    ]);
    expect((await act(id, 'bonus', { amount: 4 }, { 'idempotency-key': 'bonus' })).status).toBe(409);
    const ends = await Promise.all(Array.from({ length: 5 }, () => act(id, 'renew', { days: 10 })));
    const last = Math.max(...ends.map(({ body }) => Date.parse(body.data.subscriptionEndsAt ?? '')));
    expect(last - Date.now()).toBeGreaterThan(49.9 * day);
    expect((await act(id, 'check')).body.data).toMatchObject({ credits: 100 });
  });

  it('refuse bad input of admins and change nothing', async () => {
    const { client, id } = await person();
    const bad: readonly (readonly [string, unknown])[] = [
      ['bonus', {}],
      ['bonus', { amount: 0 }],
      ['bonus', { amount: -5 }],
      ['bonus', { amount: 1.5 }],
      ['bonus', { amount: '5' }],
      ['bonus', { amount: 1e300 }],
      ['bonus', [1]],
      ['upgrade', { days: 0 }],
      ['upgrade', { days: 1.5 }],
      ['upgrade', { days: '30' }],
      ['upgrade', { tier: 'free' }],
      ['upgrade', { tier: 7 }],
      ['upgrade', { credits: -1 }],
      ['renew', { days: -1 }],
      ['renew', { days: 1e9 }],
      ['initialize', { is_pro: 'yes' }],
    ];
    for (const [action, body] of bad) {
      const { status, body: said } = await act(id, action, body);
      expect([action, body, status, said]).toEqual([
        action,
        body,
        400,
        { error: expect.any(String), detail: expect.any(String), status: 400 },
      ]);
    }
    expect((await act('x'.repeat(129), 'check')).status).toBe(400);
    expect((await client.post(`/api/admin/credits/${id}/bonus`, { amount: 5 })).status).toBe(403);
    expect((await bench().platform.anybody.post(`/api/admin/credits/${id}/bonus`, { amount: 5 })).status).toBe(401);
    expect(await usage(client)).toMatchObject({ credits: 5 });
  });

  it('are shown to monitoring', async () => {
    const text = await bench().platform.figures.text('/metrics');
    for (const name of [
      'tollgate_credits_consumed_total',
      'tollgate_credits_refused_total',
      'tollgate_credits_tier_changes_total',
    ]) {
      expect(text).toContain(name);
    }
  });
}
