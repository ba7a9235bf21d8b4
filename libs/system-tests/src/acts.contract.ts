import { randomUUID } from 'node:crypto';

import { beforeAll, describe, expect, it } from '@jest/globals';

import type { Client } from './harness/client.ts';
import { adminOf, newPerson } from './harness/people.ts';
import type { Platform } from './harness/platform.ts';

type Entry = {
  readonly kind: string;
  readonly details?: { readonly reason?: string; readonly actor?: string; readonly address?: string };
};
const path = (id: string): string => `/v1/accounts/${encodeURIComponent(id)}`;

/** Administrative acts: who did them, from where and why, and who may. */
export function recordsWhoActed(the: () => Platform): void {
  const keyOf = async (name: string, ...scopes: string[]): Promise<{ client: Client; id: string }> => {
    const { body } = await the().server.post<{ id: string; key: string }>('/v1/api-keys', { name, scopes });
    return { client: the().anybody.with({ 'x-server-api-key': body.key }), id: body.id };
  };
  const newest = async (reader: Client, account: string): Promise<Entry | undefined> =>
    (await reader.get<{ items: readonly Entry[] }>(`${path(account)}/entries?limit=1`)).body.items[0];

  describe('what support and finance do', () => {
    let desk: { client: Client; id: string };
    beforeAll(async () => void (desk = await keyOf('support desk', 'accounts:read', 'accounts:write', 'admin')));

    // Guarantee: years later it can be said who gave what to whom, from where and why.
    it('is kept with name, address and reason: grants, changes and corrections, by key and by person', async () => {
      const owner = await newPerson(the());
      const account = `acts-${randomUUID()}`;
      await desk.client.post('/v1/accounts', { id: account, kind: 'wallet', unit: 'u', owner: owner.id });
      await desk.client.post(`${path(account)}/grants`, { amount: '10', reason: 'outage of the 3rd' });
      const by = { actor: `support desk (key ${desk.id})`, address: '127.0.0.1' };
      expect((await newest(the().server, account))?.details).toEqual({ reason: 'outage of the 3rd', ...by });
      const { body } = await desk.client.post<{ entry: { id: string } }>(`${path(account)}/spend`, { amount: '4' });
      const admin = await adminOf(the());
      await admin.post(`/v1/entries/${body.entry.id}/correct`, { reason: 'counted twice' });
      expect((await newest(the().server, account))?.details).toEqual({
        reason: 'counted twice',
        actor: expect.stringMatching(new RegExp(`^${the().admin.email.replace('.', '\\.')} \\(user .+\\)$`)),
        address: '127.0.0.1',
      });
      await desk.client.patch(path(account), { status: 'suspended', reason: 'unpaid' });
      expect((await newest(the().server, account))?.details).toEqual({ reason: 'unpaid', ...by });
      // The customer reads why, not who at support.
      expect((await newest(owner.client, account))?.details).toEqual({ reason: 'unpaid' });
    });

    it('with credits takes a reason and an end', async () => {
      const user = randomUUID();
      const act = (what: string, body: unknown) =>
        desk.client.post<Record<string, unknown>>(`/api/admin/credits/${user}/${what}`, body);
      expect(
        (await act('bonus', { amount: 7, expires_at: '2090-01-01T00:00:00Z', reason: 'goodwill' })).body,
      ).toMatchObject({ data: { credits: 12 } });
      expect((await newest(the().server, `credits:${user}`))?.details).toMatchObject({
        reason: 'goodwill',
        actor: `support desk (key ${desk.id})`,
      });
      const { body } = await the().server.get<{ lots: readonly { left: string; expires_at: string | null }[] }>(
        path(`credits:${user}`),
      );
      expect(body.lots).toEqual(
        expect.arrayContaining([expect.objectContaining({ left: '7', expires_at: '2090-01-01T00:00:00.000Z' })]),
      );
      await act('consume', { reason: 'ticket 118' });
      expect((await newest(the().server, `credits:${user}`))?.details).toMatchObject({ reason: 'ticket 118' });
      expect((await act('bonus', { amount: 1, expires_at: 'soon' })).status).toBe(400);
    });
  });

  describe('finance', () => {
    it('is read with billing:read and approved with billing:approve', async () => {
      const [reader, approver, writer] = await Promise.all([
        keyOf('reader', 'billing:read'),
        keyOf('approver', 'billing:approve'),
        keyOf('writer', 'accounts:write'),
      ]);
      const refund = `/api/admin/billing/refunds/${randomUUID()}`;
      const view = (client: Client) => client.get('/api/admin/billing/finance/revenue').then(({ status }) => status);
      const approve = (client: Client) => client.post(`${refund}/approve`).then(({ status }) => status);
      expect([await view(reader.client), await view(approver.client), await view(writer.client)]).toEqual([
        200, 403, 403,
      ]);
      expect([await approve(reader.client), await approve(approver.client), await approve(writer.client)]).toEqual([
        403, 404, 403,
      ]);
    });
  });
}
