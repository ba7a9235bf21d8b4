import { randomUUID } from 'node:crypto';

import { beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { Client, Reply } from './harness/client.ts';
import { adminOf, newPerson } from './harness/people.ts';
import type { Platform } from './harness/platform.ts';

type Problem = { readonly code?: string; readonly detail?: string };
const path = (id: string): string => `/v1/accounts/${encodeURIComponent(id)}`;
const told = ({ status, body }: Reply<Problem>): string => `${status} ${body.code ?? ''}`.trim();

/** Opening accounts and changing what they obey, from outside. */
export function changesAccounts(the: () => Platform): void {
  let server: Client;
  let writer: Client;
  const fresh = (): string => `terms-${randomUUID()}`;
  beforeAll(async () => {
    server = the().server;
    const { body } = await server.post<{ key: string }>('/v1/api-keys', {
      scopes: ['accounts:read', 'accounts:write'],
    });
    writer = the().anybody.with({ 'x-server-api-key': body.key });
  });

  describe('an account that exists', () => {
    // Guarantee: nobody believes to have set what was not set.
    it('is not opened again with another owner or other settings', async () => {
      const id = fresh();
      const opening = { id, kind: 'wallet', unit: 'u', owner: 'ada', settings: { limit: '10' } };
      expect((await writer.post('/v1/accounts', opening)).status).toBe(201);
      expect((await writer.post('/v1/accounts', opening)).status).toBe(200);
      expect((await writer.post('/v1/accounts', { id, kind: 'wallet', unit: 'u' })).status).toBe(200);
      for (const other of [
        { owner: 'eve' },
        { settings: { limit: '20' } },
        { settings: { limit: '10', overdraft: '5' } },
      ]) {
        expect(told(await writer.post('/v1/accounts', { ...opening, ...other }))).toBe('409 ACCOUNT_SETTINGS_CONFLICT');
      }
      expect((await writer.get(path(id))).body).toMatchObject({ owner: 'ada', settings: { limit: '10' } });
    });

    it('is changed by PATCH: members merged, null removes, one entry with its reason, once under a key', async () => {
      const id = fresh();
      await writer.post('/v1/accounts', { id, kind: 'wallet', unit: 'u', settings: { limit: '10', overdraft: '100' } });
      const patch = (body: unknown, key?: string) =>
        writer.send<Problem & Record<string, unknown>>(
          'PATCH',
          path(id),
          { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
          JSON.stringify(body),
        );
      const change = { settings: { limit: '30', overdraft: null }, owner: 'bob', reason: 'contract 7' };
      const changed = await patch(change, 'k1');
      expect(changed).toMatchObject({ status: 200, body: { owner: 'bob', settings: { limit: '30' }, available: '0' } });
      await patch({ settings: { limit: '40' } });
      const again = await patch(change, 'k1');
      expect([again.status, again.headers.get('idempotent-replay'), told(await patch({ owner: 'eve' }, 'k1'))]).toEqual(
        [200, 'true', '409 IDEMPOTENCY_KEY_REUSED'],
      );
      expect((await writer.get(path(id))).body).toMatchObject({ settings: { limit: '40' }, owner: 'bob' });
      const { body } = await writer.get<{ items: { kind: string; details?: { reason?: string } }[] }>(
        `${path(id)}/entries`,
      );
      expect(body.items.map(({ kind, details }) => `${kind} ${details?.reason ?? ''}`.trim())).toEqual([
        'changed',
        'changed contract 7',
        'opened',
      ]);
      for (const nothing of [
        {},
        { reason: 'x' },
        { settings: { limit: 5 } },
        { settings: { limits: [{ amount: '1' }] } },
        { status: 'frozen' },
        { forfeit: true },
        { setting: {} },
      ]) {
        expect((await patch(nothing)).status).toBe(400);
      }
      expect(told(await writer.patch(path(fresh()), { owner: 'x' }))).toBe('404 ACCOUNT_UNKNOWN');
      expect(told(await (await newPerson(the())).client.patch(path(id), { owner: 'x' }))).toBe('403 SCOPE_MISSING');
    });

    it('is suspended and closed, and taken back', async () => {
      const id = fresh();
      await writer.post('/v1/accounts', { id, kind: 'wallet', unit: 'u' });
      await writer.post(`${path(id)}/grants`, { amount: '10', reason: 'r' });
      const {
        body: { hold_id: hold },
      } = await writer.post<{ hold_id: string }>(`${path(id)}/holds`, { amount: '4', expires_in_s: 600 });
      expect((await writer.patch(path(id), { status: 'suspended', reason: 'unpaid' })).body).toMatchObject({
        status: 'suspended',
      });
      expect([
        told(await writer.post(`${path(id)}/spend`, { amount: '1' })),
        told(await writer.post(`${path(id)}/holds`, { amount: '1', expires_in_s: 60 })),
        told(await writer.post(`/v1/holds/${hold}/extend`, { amount: '1' })),
      ]).toEqual(Array(3).fill('409 ACCOUNT_SUSPENDED'));
      const event = {
        specversion: '1.0',
        id: fresh(),
        source: '/t',
        subject: id,
        type: 'request',
        data: { quantity: 1 },
      };
      expect(
        (
          await server.raw('/v1/events?wait=booked', JSON.stringify(event), {
            'content-type': 'application/cloudevents+json',
          })
        ).body,
      ).toMatchObject({ results: [{ status: 'refused', problem: { code: 'ACCOUNT_SUSPENDED' } }] });
      expect(told(await writer.patch(path(id), { status: 'closed', forfeit: true }))).toBe('409 ACCOUNT_NOT_EMPTY');
      expect((await writer.post(`/v1/holds/${hold}/settle`, { amount: '3' })).status).toBe(200);
      expect(told(await writer.patch(path(id), { status: 'closed' }))).toBe('409 ACCOUNT_NOT_EMPTY');
      expect((await writer.patch(path(id), { status: 'closed', forfeit: true })).body).toMatchObject({
        status: 'closed',
        balance: '0',
      });
      expect(told(await writer.post(`${path(id)}/grants`, { amount: '1', reason: 'r' }))).toBe('409 ACCOUNT_CLOSED');
      expect((await writer.patch(path(id), { status: 'active' })).body).toMatchObject({ status: 'active' });
    });
  });

  it('may have several limits, each in a period of its own; a refusal names the one that refused', async () => {
    const id = fresh();
    const limits = [
      { amount: '20', period: 'calendar:month' },
      { amount: '5', period: 'calendar:month', model: 'big' },
    ];
    const opened = await writer.post<{ settings: { limits: object[] } }>('/v1/accounts', {
      id,
      kind: 'metered',
      unit: 'u',
      settings: { limits, time_zone: 'Europe/Berlin' },
    });
    expect(opened).toMatchObject({ status: 201, body: { settings: { limits, time_zone: 'Europe/Berlin' } } });
    expect((await writer.post('/v1/accounts', { id, kind: 'metered', unit: 'u', settings: { limits } })).status).toBe(
      200,
    );
    const use = (model: string, tokens: number) =>
      writer.post<Record<string, unknown>>(`${path(id)}/spend`, {
        usage: { model, input_tokens: 0, output_tokens: tokens },
      });
    expect((await use('big', 5)).status).toBe(200);
    const { status, body } = await use('big', 1);
    expect([status, body]).toEqual([
      429,
      expect.objectContaining({
        code: 'ALLOWANCE_EXHAUSTED',
        limit: { account: id, model: 'big', period: 'calendar:month', limit: '5' },
        available: '0',
      }),
    ]);
    expect((await use('small', 15)).body).toMatchObject({ available: '0' });
    expect(
      (await writer.post<Record<string, unknown>>(`${path(id)}/holds`, { amount: '1', expires_in_s: 60 })).body,
    ).toMatchObject({ limit: { limit: '20', period: 'calendar:month' } });
    const wallet = fresh();
    await writer.post('/v1/accounts', {
      id: wallet,
      kind: 'wallet',
      unit: 'token',
      settings: { limits: [{ amount: '3', period: 'calendar:month', model: 'big' }] },
    });
    await writer.post(`${path(wallet)}/grants`, { amount: '100', reason: 'purchase' });
    // A hold knows no model; what is settled does.
    const { body: held } = await writer.post<{ hold_id: string }>(`${path(wallet)}/holds`, {
      amount: '10',
      expires_in_s: 60,
    });
    const settle = (tokens: number) =>
      writer.post<Record<string, unknown>>(`/v1/holds/${held.hold_id}/settle`, {
        usage: { model: 'big', input_tokens: 0, output_tokens: tokens },
      });
    expect(await settle(20)).toMatchObject({
      status: 429,
      body: {
        code: 'ALLOWANCE_EXHAUSTED',
        limit: { account: wallet, model: 'big', limit: '3' },
        asked: '5',
        available: '3',
      },
    });
    expect(await settle(12)).toMatchObject({ status: 200, body: { status: 'settled', entry: { amount: '-3' } } });
    expect((await writer.post(`/v1/holds/${held.hold_id}/settle`, { amount: '1', usage: {} })).status).toBe(400);
    const refusals = await waitFor('the refusals', async () => {
      const { body: page } = await writer.get<{ items: readonly Record<string, unknown>[] }>(
        `/v1/refusals?account=${encodeURIComponent(id)}`,
      );
      return page.items.length === 2 && page.items;
    });
    expect(refusals[1]).toMatchObject({
      code: 'ALLOWANCE_EXHAUSTED',
      limit: { account: id, model: 'big', limit: '5' },
      asked: '1',
      available: '0',
      correlation_id: body['correlation_id'],
    });
    expect((await (await newPerson(the())).client.get(`/v1/refusals?account=${encodeURIComponent(id)}`)).status).toBe(
      404,
    );
    expect((await writer.get(path(id))).body).toMatchObject({
      limits: [
        { account: id, limit: '20', period: 'calendar:month', used: '20', remaining: '0' },
        { model: 'big', used: '5', remaining: '0' },
      ],
    });
  });

  describe('the account of a surface', () => {
    // Guarantee: nobody prepares an account for a surface that does not keep the surface's rules.
    it.each([
      ['licence', 'tokens', 'licence'],
      ['wallet', 'token', 'wallet'],
      ['quota', 'byte', 'quota'],
      ['credits', 'credits', 'credits'],
      ['metered', 'tokens', 'metered'],
    ])('is opened by /v1 just as the surface opens it: %s', async (prefix, unit, kind) => {
      const id = `${prefix}:${randomUUID()}`;
      const others = ['wallet', 'quota'].filter((other) => other !== kind).map((other) => ({ kind: other }));
      for (const wrong of [...others, { unit: 'x' }, { owner: 'eve' }, { settings: { limit: '0' } }]) {
        const body = { id, kind, unit, ...wrong };
        expect([wrong, told(await server.post('/v1/accounts', body))]).toEqual([wrong, '409 ACCOUNT_ID_RESERVED']);
      }
      expect((await server.post('/v1/accounts', { id, kind, unit })).status).toBe(201);
      expect(told(await server.patch(path(id), { owner: 'eve' }))).toBe('409 ACCOUNT_ID_RESERVED');
    });

    it('works on its surface after it was opened and changed by /v1', async () => {
      const user = `u/${randomUUID()}`;
      const admin = await adminOf(the());
      const id = `credits:${user.replaceAll('/', '%2F')}`;
      expect((await server.post('/v1/accounts', { id, kind: 'credits', unit: 'credits' })).body).toMatchObject({
        balance: '5',
        settings: { tier: 'free', allowance: '5' },
      });
      await server.patch(path(id), { settings: { limit: '1000' } });
      expect((await admin.post(`/api/admin/credits/${encodeURIComponent(user)}/upgrade`, {})).body).toMatchObject({
        data: { credits: 100, subscriptionTier: 'pro' },
      });
      const wallet = `wallet:${user.replaceAll('/', '%2F')}`;
      expect(
        (await server.post('/v1/accounts', { id: wallet, kind: 'wallet', unit: 'token', owner: user })).status,
      ).toBe(201);
      await server.patch(path(wallet), { settings: { limit: '50' } });
      expect((await server.post('/api/user-wallets/give-initial-token', { user_id: user })).status).toBe(200);
      expect((await server.get(path(wallet))).body).toMatchObject({ balance: '100', available: '50' });
    });

    it('that is suspended is refused in the words of its surface', async () => {
      const user = randomUUID();
      const endpoint = fresh();
      const admin = await adminOf(the());
      await admin.post('/api/features', { id: endpoint, name: endpoint });
      await admin.post('/api/feature-endpoints', { id: endpoint, feature: endpoint, path: '/x' });
      await server.post('/api/user-wallets/give-initial-token', { user_id: user });
      await server.patch(path(`wallet:${user}`), { status: 'suspended' });
      const process = { user_id: user, feature_endpoint_id: endpoint };
      expect((await server.post('/api/token-process/start', process)).body).toMatchObject({
        data: { status: 'not-accessible', message: 'User wallet is suspended' },
      });
      expect((await server.post('/api/token-process/start', { ...process, estimate: 5 })).body).toMatchObject({
        data: { status: 'not-accessible', message: 'User wallet is suspended' },
      });
      expect(
        (await server.post('/api/token-process/end', { ...process, input_token: 100, output_token: 400 })).body,
      ).toMatchObject({
        data: { status: 'not-returnable', token: 100, cost: 100, message: 'User wallet is suspended' },
      });
      await server.patch(path(`wallet:${user}`), { status: 'active', settings: { limit: '3', period: 'P1D' } });
      expect(
        (await server.post('/api/token-process/end', { ...process, input_token: 100, output_token: 400 })).body,
      ).toMatchObject({
        data: {
          status: 'not-returnable',
          token: 100,
          cost: 100,
          message: 'Insufficient tokens. Required: 100, Available: 3',
        },
      });
      expect((await server.post('/api/token-process/start', { ...process, estimate: 5 })).body).toMatchObject({
        data: { status: 'not-accessible', message: 'Insufficient tokens. Required: 5, Available: 3' },
      });
      await server.patch(path(`wallet:${user}`), { settings: { limit: null, period: null } });
      expect(
        (await server.post('/api/token-process/end', { ...process, input_token: 100, output_token: 400 })).body,
      ).toMatchObject({ data: { status: 'returnable', token: 0 } });
    });
  });

  describe('a budget over accounts that exist', () => {
    // Guarantee: a key that may open accounts cannot stop a family by opening its parent.
    it('needs the scope admin, whether it is opened or set later', async () => {
      const family = fresh();
      await writer.post('/v1/accounts', { id: `${family}/child`, kind: 'metered', unit: 'u' });
      const parent = { id: family, kind: 'metered', unit: 'u' };
      expect(told(await writer.post('/v1/accounts', { ...parent, settings: { limit: '0' } }))).toBe(
        '403 SCOPE_MISSING',
      );
      expect(
        told(await writer.post('/v1/accounts', { ...parent, settings: { limits: [{ amount: '0', period: 'P1D' }] } })),
      ).toBe('403 SCOPE_MISSING');
      expect((await writer.post('/v1/accounts', parent)).status).toBe(201);
      expect(told(await writer.patch(path(family), { settings: { limit: '0' } }))).toBe('403 SCOPE_MISSING');
      expect((await writer.post(`${path(`${family}/child`)}/spend`, { amount: '1' })).status).toBe(200);
      expect((await server.patch(path(family), { settings: { limit: '5' } })).status).toBe(200);
      expect((await writer.patch(path(family), { settings: { limit: '6' } })).status).toBe(200);
    });

    it('of another unit is never passed by in silence', async () => {
      const family = fresh();
      await writer.post('/v1/accounts', { id: family, kind: 'metered', unit: 'u', settings: { limit: '5' } });
      const child = { id: `${family}/bytes`, kind: 'metered', unit: 'byte' };
      const refused = await writer.post<Problem>('/v1/accounts', child);
      expect([told(refused), refused.body.detail]).toEqual([
        '409 UNIT_CONFLICT',
        expect.stringContaining('"detached": true'),
      ]);
      expect((await writer.post('/v1/accounts', { ...child, settings: { detached: true } })).status).toBe(201);
      expect((await writer.post(`${path(child.id)}/spend`, { amount: '9' })).status).toBe(200);
    });
  });

  // Guarantee: everything that can be made can be addressed by a path afterwards.
  it('makes no id that is "." or "..", or has such a segment', async () => {
    const admin = await adminOf(the());
    for (const id of ['.', '..', 'a/..', '../a', 'a/./b']) {
      expect([id, (await server.post('/v1/accounts', { id, kind: 'wallet', unit: 'u' })).status]).toEqual([id, 400]);
      const event = { specversion: '1.0', id: 'e', source: '/t', subject: id, type: 'request' };
      expect(
        (await server.raw('/v1/events', JSON.stringify(event), { 'content-type': 'application/cloudevents+json' }))
          .status,
      ).toBe(400);
      expect((await server.post('/api/token-billing/process-usage', { userId: id, tokensUsed: 1 })).status).toBe(400);
      expect((await server.post('/api/user-wallets/give-bonus-token', { user_id: id, token: 1 })).status).toBe(400);
      expect((await admin.post('/api/features', { id, name: 'n' })).status).toBe(400);
      expect((await admin.post('/api/admin/license-keys', { key: id })).status).toBe(400);
    }
    expect(
      (await server.post('/v1/accounts', { id: `...${randomUUID()}/.a/b..`, kind: 'wallet', unit: 'u' })).status,
    ).toBe(201);
  });
}
