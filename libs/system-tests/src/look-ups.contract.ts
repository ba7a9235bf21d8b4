import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { Client } from './harness/client.ts';
import { newPerson } from './harness/people.ts';
import type { Platform } from './harness/platform.ts';

type Found = {
  readonly items: readonly { readonly id: string; readonly nearest: { readonly used_percent: string } | null }[];
  readonly next: string | null;
};
type Customers = {
  readonly items: readonly {
    readonly user_id: string;
    readonly customer_id: string | null;
    readonly accounts: readonly { readonly id: string }[];
  }[];
  readonly next: string | null;
};

/** Who it is that writes to support, and who needs a word before they are refused. */
export function looksUp(the: () => Platform): void {
  const key = async (body: object): Promise<Client> =>
    the().anybody.with({
      'x-server-api-key': (await the().server.post<{ key: string }>('/v1/api-keys', body)).body.key,
    });
  const customers = async (query: string, client = the().server): Promise<Customers['items']> =>
    (await client.get<Customers>(`/v1/customers?${query}`)).body.items;

  describe('a look-up', () => {
    it('finds a customer by e-mail, owner, external or Stripe id, exactly, with the accounts', async () => {
      const { server, anybody } = the();
      const email = `${randomUUID()}@example.org`;
      const {
        body: {
          data: { id },
        },
      } = await anybody.post<{ data: { id: string } }>('/api/auth/register', {
        email,
        password: 'correct horse battery',
        name: 'Ada',
      });
      await server.post('/api/user-wallets/give-bonus-token', { user_id: id, token: 7 });
      const own = `look-${randomUUID()}`;
      await server.post('/v1/accounts', { id: own, kind: 'metered', unit: 'u', owner: id });
      const { body: paid } = await server.put<{ customer_id: string }>(`/api/admin/billing/customers/${id}`, {
        payment_method: 'pm_card_visa',
      });
      const customer = paid.customer_id;

      const reader = await key({ scopes: ['accounts:read'] });
      const [found] = await customers(`email=${encodeURIComponent(email.toUpperCase())}`, reader);
      expect(found).toMatchObject({ user_id: id, email, name: 'Ada', customer_id: customer, more_accounts: false });
      expect(found!.accounts.map((account) => account.id).sort()).toEqual([own, `wallet:${id}`].sort());
      for (const query of [`owner=${id}`, `external_id=${id}`, `external_id=${customer}`])
        expect(await customers(query)).toEqual([found]);
      for (const query of [`email=${email.slice(1)}`, `owner=${id.slice(1)}`, 'external_id=nobody', 'owner=%25'])
        expect(await customers(query)).toEqual([]);

      // One customer of Stripe may pay for several users: pages lead through them.
      const other = `look-${randomUUID()}`;
      await server.put(`/api/admin/billing/customers/${other}`, { customer_id: customer });
      const first = (await server.get<Customers>(`/v1/customers?external_id=${customer}&limit=1`)).body;
      const second = (await server.get<Customers>(`/v1/customers?external_id=${customer}&limit=1&after=${first.next}`))
        .body;
      expect([...first.items, ...second.items].map((item) => item.user_id).sort()).toEqual([id, other].sort());
      expect(second.next).toBeNull();

      // A product's own user has no login here: the address is Stripe's.
      const theirs = `Eve-${randomUUID()}@example.org`;
      await server.put(`/api/admin/billing/customers/look-${randomUUID()}`, { email: 'somebody@example.org' });
      const product = (
        await server.put<{ user_id: string }>(`/api/admin/billing/customers/${other}-eve`, { email: theirs })
      ).body.user_id;
      expect((await customers(`email=${theirs}`)).map((each) => each.user_id)).toEqual([product]);

      const { how, output } = await the().cli('customers', '--email', email, '--json');
      expect([how, JSON.parse(output.trim().split('\n').at(-1)!)]).toEqual(['exit code 0', { items: [{ ...found }] }]);
    });

    it('finds accounts near a limit, what is held counting, and below a balance, of one unit', async () => {
      const { server } = the();
      const unit = `u-${randomUUID()}`;
      const open = async (id: string, body: object): Promise<string> =>
        (await server.post<{ id: string }>('/v1/accounts', { id: `${unit}-${id}`, unit, ...body })).body.id;
      const near = await open('near', { kind: 'metered', settings: { limit: '100' } });
      const far = await open('far', { kind: 'metered', settings: { limit: '100' } });
      const poor = await open('poor', { kind: 'wallet' });
      await server.post(`/v1/accounts/${near}/spend`, { amount: '60' });
      await server.post(`/v1/accounts/${near}/holds`, { amount: '25', expires_in_s: 600 });
      await server.post(`/v1/accounts/${far}/spend`, { amount: '79' });
      await server.post(`/v1/accounts/${poor}/grants`, { amount: '50', reason: 'start' });
      const list = async (query: string): Promise<readonly string[]> =>
        (await server.get<Found>(`/v1/accounts?unit=${unit}&${query}`)).body.items.map(
          ({ id, nearest }) => `${id} ${nearest?.used_percent ?? '-'}`,
        );
      expect(await list('used_above=80%')).toEqual([`${near} 85.00`]);
      expect(await list('used_above=80%25')).toEqual([`${near} 85.00`]);
      expect((await list('used_above=79')).length).toBe(2);
      expect(await list('balance_below=51')).toEqual([`${poor} -`]);
      expect(await list('balance_below=50')).toEqual([]);
      const { how, output } = await the().cli('accounts', '--used-above', '80%', '--unit', unit);
      expect([how, output]).toEqual([
        'exit code 0',
        expect.stringContaining(`${near}  metered  active  balance -60 ${unit}, held 25  85.00% of 100`),
      ]);
    });

    it('is not needed where a subscriber is told that shares of a limit are used or held', async () => {
      const { server } = the();
      const heard: { type: string; data: Record<string, unknown> }[] = [];
      const subscriber = createServer((request, response) => {
        let body = '';
        request.on('data', (part: Buffer) => (body += part.toString('utf8')));
        request.on('end', () => {
          heard.push(JSON.parse(body) as (typeof heard)[number]);
          response.writeHead(204).end();
        });
      });
      await new Promise<void>((resolve) => subscriber.listen(0, '127.0.0.1', resolve));
      try {
        const family = `told-${randomUUID()}`;
        const { body: made } = await server.post<{ id: string }>('/v1/webhook-endpoints', {
          url: `http://127.0.0.1:${(subscriber.address() as AddressInfo).port}/`,
          events: ['account.threshold'],
          account_prefix: family,
          thresholds: [50, 90],
        });
        await server.post('/v1/accounts', {
          id: family,
          kind: 'metered',
          unit: 'u',
          settings: { limit: '100', period: 'calendar:month' },
        });
        await server.post('/v1/accounts', {
          id: `${family}/a`,
          kind: 'wallet',
          unit: 'u',
          settings: { overdraft: 'unlimited' },
        });
        await server.post(`/v1/accounts/${family}%2Fa/spend`, { amount: '49' });
        await server.post(`/v1/accounts/${family}%2Fa/holds`, { amount: '41', expires_in_s: 600 });
        await waitFor('both shares', () => Promise.resolve(heard.length >= 2), 15_000);
        // What is used below a budget counts, so does what is held below it.
        expect(
          heard
            .map(
              ({ type, data }) =>
                `${type} ${String(data['account'])} ${String(data['of'])} ${String(data['share'])} ` +
                `${String(data['taken'])}/${String(data['whole'])}`,
            )
            .sort(),
        ).toEqual([`account.threshold ${family} limit 50 90/100`, `account.threshold ${family} limit 90 90/100`]);
        await server.delete(`/v1/webhook-endpoints/${made.id}`);
      } finally {
        subscriber.closeAllConnections();
        subscriber.close();
      }
    });

    it('is for server keys that may read; a key of one family sees that family, a user nothing', async () => {
      const { server } = the();
      const family = `look-${randomUUID()}`;
      await server.post('/v1/accounts', { id: family, kind: 'wallet', unit: 'u' });
      await server.post('/v1/accounts', { id: `${family}/a`, kind: 'wallet', unit: 'u' });
      const bound = await key({ scopes: ['accounts:read'], account: family });
      const seen: string[] = [];
      for (let after = ''; ;) {
        const { body } = await bound.get<Found>(`/v1/accounts?limit=500${after}`);
        seen.push(...body.items.map(({ id }) => id));
        if (body.next === null) break;
        after = `&after=${body.next}`;
      }
      expect(seen).toEqual([family, `${family}/a`]);
      const [writer, { client: user }] = [await key({ scopes: ['events:write'] }), await newPerson(the())];
      for (const [client, path, status] of [
        [bound, '/v1/customers?email=a@b.example', 403],
        [writer, '/v1/accounts', 403],
        [writer, '/v1/customers?owner=x', 403],
        [user, '/v1/accounts', 403],
        [user, '/v1/customers?email=a@b.example', 403],
        [the().anybody, '/v1/accounts', 401],
        [server, '/v1/customers', 400],
        [server, '/v1/customers?email=a@b.example&owner=x', 400],
        [server, '/v1/accounts?used_above=most', 400],
        [server, '/v1/accounts?balance_below=-1', 400],
        [server, '/v1/accounts?used_abov=80', 400],
        [server, '/v1/accounts?after=x', 400],
      ] as const)
        expect([path, (await client.get(path)).status]).toEqual([path, status]);
    });
  });
}
