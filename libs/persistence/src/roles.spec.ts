import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from '@jest/globals';

import { rolePassword, rolePasswordsIn, serviceUrl } from './roles.ts';

const [url, role, serviceSecret] = [
  'postgres://postgres:superuser@db:5432/tollgate',
  'tollgate_ledger',
  'a secret of this test',
];

// Guarantee: a service never logs in as whom its address happens to name, but as its own role.
it('a service logs in as its own role: with the password it was given, as the address has it, or derived', () => {
  expect(serviceUrl({ url, role, password: 'p@ss/word', serviceSecret })).toBe(
    'postgres://tollgate_ledger:p%40ss%2Fword@db:5432/tollgate',
  );
  expect(serviceUrl({ url, role, serviceSecret })).toBe(
    `postgres://tollgate_ledger:${encodeURIComponent(rolePassword(serviceSecret, role))}@db:5432/tollgate`,
  );
  const own = 'postgres://tollgate_ledger:its-own@db:5432/tollgate';
  expect(serviceUrl({ url: own, role, serviceSecret })).toBe(own);
  expect(serviceUrl({ url: own, role: 'tollgate_quota', serviceSecret })).toContain('//tollgate_quota:');
  expect(serviceUrl({ url: 'postgres://db/tollgate', role, serviceSecret })).toContain('//tollgate_ledger:');
});

it('passwords come from a file a role, without its trailing newline; a missing or empty one is an error', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-roles-'));
  writeFileSync(join(folder, role), 'of-the-ledger\n');
  writeFileSync(join(folder, 'tollgate_quota'), '\n');
  const passwordOf = rolePasswordsIn(folder);
  expect(passwordOf(role)).toBe('of-the-ledger');
  expect(() => passwordOf('tollgate_quota')).toThrow('must hold the password of the database role tollgate_quota');
  expect(() => passwordOf('tollgate_billing')).toThrow('ENOENT');
  rmSync(folder, { recursive: true });
});
