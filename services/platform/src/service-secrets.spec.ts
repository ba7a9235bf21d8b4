import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from '@jest/globals';
import { rolePassword, rolePasswordsIn } from '@tollgate/persistence';

import { makeServiceSecrets, serviceUsers } from './service-secrets.ts';

const root = mkdtempSync(join(tmpdir(), 'tollgate-secrets-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const contentsOf = (owner: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(root, owner), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'utf8')]),
  );

describe('the secrets of a distributed platform', () => {
  makeServiceSecrets(root, { host: 'postgres:5432' });
  const services = ['gateway', 'ledger', 'billing', 'quota', 'optimizer'];
  const all = Object.fromEntries([...services, 'migrate', 'postgres'].map((owner) => [owner, contentsOf(owner)]));

  // Guarantee: an attacker in one service has that service's rows and nothing of another's.
  it('are a folder per service, closed to other users, with nothing of another service but what is shared', () => {
    for (const owner of Object.keys(serviceUsers) as (keyof typeof serviceUsers)[]) {
      const folder = statSync(join(root, owner));
      expect([owner, folder.mode & 0o777]).toEqual([owner, 0o500]);
      if (process.getuid?.() === 0)
        expect([owner, folder.uid, folder.gid]).toEqual([owner, serviceUsers[owner], serviceUsers[owner]]);
      for (const name of Object.keys(all[owner]!)) {
        const file =
          owner === 'migrate' && name.startsWith('tollgate_')
            ? join(root, owner, 'roles', name)
            : join(root, owner, name);
        expect([file, statSync(file).mode & 0o777]).toEqual([file, 0o400]);
      }
    }
    for (const one of services)
      for (const other of services) {
        if (one === other) continue;
        const { 'service-secret': _, ...own } = all[one]!;
        expect([one, other, Object.values(all[other]!).filter((value) => Object.values(own).includes(value))]).toEqual([
          one,
          other,
          [],
        ]);
      }
  });

  it('give every database role a password of its own, which does not follow from what the services share', () => {
    const passwords = rolePasswordsIn(join(root, 'migrate', 'roles'));
    const roles = [
      'tollgate_gateway',
      'tollgate_finance',
      'tollgate_ledger',
      'tollgate_billing',
      'tollgate_quota',
      'tollgate_optimizer',
      'tollgate_reader',
      'tollgate_producer',
    ];
    expect(new Set(roles.map(passwords)).size).toBe(roles.length);
    for (const role of roles) expect(passwords(role)).not.toBe(rolePassword(all['ledger']!['service-secret']!, role));
    expect(all['ledger']!['database-password']).toBe(passwords('tollgate_ledger'));
    expect(all['gateway']!['finance-database-password']).toBe(passwords('tollgate_finance'));
    expect(() => passwords('tollgate_nobody')).toThrow('ENOENT');
  });

  it('leave the superuser to the migration and to PostgreSQL itself', () => {
    const superuser = all['postgres']!['password']!;
    expect(all['migrate']!['database-url']).toBe(`postgres://postgres:${superuser}@postgres:5432/tollgate`);
    for (const service of services)
      expect([service, JSON.stringify(all[service]).includes(superuser)]).toEqual([service, false]);
  });

  it('stay as they are when they are made again, and a missing one is made', () => {
    rmSync(join(root, 'quota', 'database-password'));
    rmSync(join(root, 'gateway', 'jwt-secret'));
    makeServiceSecrets(root, { host: 'postgres:5432' });
    for (const [owner, before] of Object.entries(all)) {
      const after = contentsOf(owner);
      if (owner === 'gateway') expect(after['jwt-secret']).not.toBe(before['jwt-secret']);
      expect([owner, { ...after, 'jwt-secret': '' }]).toEqual([owner, { ...before, 'jwt-secret': '' }]);
    }
  });
});
