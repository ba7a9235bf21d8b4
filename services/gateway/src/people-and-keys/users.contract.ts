import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { UserStore } from './app/users.ts';

type UnderTest = { readonly store: UserStore; close(): Promise<void> };

const ada = {
  id: 'ada',
  email: 'ada@example.org',
  name: 'Ada',
  role: 'user',
  passwordHash: 'hash-1',
  keySalt: 'salt-1',
  configuredHash: null,
} as const;

/** What every `UserStore` keeps. */
export function userStoreContract(name: string, open: () => Promise<UnderTest>): void {
  describe(`Users kept ${name}`, () => {
    let store: UserStore;
    let close: () => Promise<void>;
    beforeAll(
      async () => ({ store, close } = await open().then((opened) => ({ ...opened, close: () => opened.close() }))),
    );
    afterAll(() => close());

    it('are found by id and by e-mail address in any case', async () => {
      const made = await store.insert(ada);

      expect(made).toMatchObject({ ...ada, tokenVersion: 0 });
      expect(await store.byId('ada')).toEqual(made);
      expect(await store.byEmail('ADA@example.org')).toEqual(made);
      expect([await store.byId('nobody'), await store.byEmail('nobody@example.org')]).toEqual([null, null]);
    });

    it('have an e-mail address that nobody else has', async () => {
      expect(await store.insert({ ...ada, id: 'other' })).toBeNull();
      expect(await store.byId('other')).toBeNull();
    });

    it('of an outside provider are made once', async () => {
      const first = await store.ensure({ id: 'outside', email: null, name: 'Grace', keySalt: 'a' });
      const again = await store.ensure({ id: 'outside', email: null, name: 'Other', keySalt: 'b' });

      expect(first).toMatchObject({ role: 'user', passwordHash: null, configuredHash: null, keySalt: 'a' });
      expect(again).toEqual(first);
    });

    it('are renewed in what is given, and keep the rest', async () => {
      const before = await store.byId('ada');
      const logins = await store.renew('ada', { endLogins: true });
      expect(logins).toEqual({ ...before, tokenVersion: 1 });

      const revoked = await store.renew('ada', { keySalt: null, role: 'admin', configuredHash: 'c' });
      expect(revoked).toMatchObject({ keySalt: null, role: 'admin', configuredHash: 'c', tokenVersion: 1 });
      expect(revoked?.passwordHash).toBe('hash-1');
      expect((await store.configured()).map(({ id }) => id)).toEqual(['ada']);
    });

    // Guarantee: of two changes of a password that checked the same one, the second is refused.
    it('are renewed only while they have the password that was checked', async () => {
      expect(await store.renew('ada', { passwordHash: 'hash-2' }, 'hash-1')).toMatchObject({ passwordHash: 'hash-2' });
      expect(await store.renew('ada', { passwordHash: 'hash-3' }, 'hash-1')).toBeNull();
      expect(await store.renew('nobody', { endLogins: true })).toBeNull();
      expect((await store.byId('ada'))?.passwordHash).toBe('hash-2');
    });

    // Guarantee: another gateway finds out whose credentials ended.
    it('whose credentials changed are told to who asks since when', async () => {
      expect((await store.changedSince(null)).ids).toEqual([]);
      const { now } = await store.changedSince(null);
      await store.renew('ada', { endLogins: true });

      expect((await store.changedSince(now)).ids).toContain('ada');
    });
  });
}
