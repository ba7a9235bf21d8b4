import { describe, expect, it } from '@jest/globals';

import { adminOf } from './harness/people.ts';
import type { Platform } from './harness/platform.ts';

/** Characters of four bytes in UTF-8 and two units in UTF-16, in an order that nothing compresses. */
const rare = (count: number): string =>
  Array.from({ length: count }, () => String.fromCodePoint(0x20000 + Math.floor(Math.random() * 40_000))).join('');
/** Characters that a surface percent-encodes inside an account id. */
const escaped = (count: number): string =>
  Array.from({ length: count }, () => (Math.random() < 0.5 ? '/' : '%')).join('');

/** One surface: how an id is used there; the answer's status. */
type Use = (id: string) => Promise<number>;

export function takesIdsOfAnyScript(the: () => Platform): void {
  // Guarantee: surfaces §0.5; a customer's own ids, 1 to 128 characters of any script, work on every surface.
  describe('ids that clients choose', () => {
    const native: Use = async (id) => {
      const { server } = the();
      const opened = await server.post('/v1/accounts', {
        id,
        kind: 'wallet',
        unit: 'unit',
        owner: rare(255),
        settings: { overdraft: 'unlimited' },
      });
      if (opened.status !== 201) return opened.status;
      const path = `/v1/accounts/${encodeURIComponent(id)}`;
      const booked = await server.raw(
        '/v1/events?wait=booked',
        JSON.stringify({
          specversion: '1.0',
          id: rare(255),
          source: rare(512),
          subject: id,
          type: 'request',
          data: { quantity: 2 },
        }),
        { 'content-type': 'application/cloudevents+json' },
      );
      expect(booked).toMatchObject({ status: 200, body: { results: [{ status: 'booked' }] } });
      expect((await server.get(`${path}/entries`)).body['items']).toHaveLength(2);
      expect((await server.get(path)).body).toMatchObject({ id, balance: '-2' });
      return (await server.post(`${path}/spend`, { amount: '1' })).status;
    };
    const licence: Use = async (id) => {
      const admin = await adminOf(the());
      const { status, body } = await admin.post<{ data?: { license_key: string; id: string } }>(
        '/api/admin/license-keys',
        { key: id, token_balance: 3 },
      );
      if (status !== 201) return status;
      expect(body.data?.license_key).toBe(id);
      expect((await admin.get(`/api/admin/license-keys/${body.data?.id ?? ''}`)).body).toMatchObject({
        data: { token_balance: 3 },
      });
      return (await admin.post(`/api/admin/license-keys/${encodeURIComponent(id)}/add-token`, { token_balance: 1 }))
        .status;
    };
    const wallet: Use = async (id) =>
      (await the().server.post('/api/user-wallets/give-bonus-token', { user_id: id, token: 5 })).status;
    const credits: Use = async (id) =>
      (await the().server.post(`/api/admin/credits/${encodeURIComponent(id)}/bonus`, { amount: 1 })).status;
    const tiers: Use = async (id) =>
      (await the().server.post('/api/token-billing/process-usage', { userId: id, tokensUsed: 9_000_000 })).status;

    it.each([
      ['native accounts', native],
      ['licence keys', licence],
      ['wallets', wallet],
      ['credits', credits],
      ['tier billing', tiers],
    ] as const)('may have 128 characters of any script, and no more: %s', async (name, use) => {
      expect(await use(rare(128))).toBe(200);
      if (name !== 'native accounts') expect(await use(escaped(128))).toBe(200);
      expect(await use(rare(129))).toBe(400);
    });

    it('may be paths of 512 characters in all', async () => {
      const path = [rare(128), rare(128), rare(128), rare(125)].join('/');
      expect([await native(path), await native(`${path}x`)]).toEqual([200, 400]);
    });
  });
}
