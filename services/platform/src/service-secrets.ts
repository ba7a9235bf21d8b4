import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { billingSchema, financeSchema } from '@tollgate/billing';
import { gatewaySchema, publicViews } from '@tollgate/gateway';
import { ledgerSchema } from '@tollgate/ledger';
import { optimizerSchema } from '@tollgate/optimizer';
import { quotaSchema } from '@tollgate/quota';

/** Who runs a service, and so owns its folder: a user of its own each, so that no service reads another's secrets. */
export const serviceUsers = {
  gateway: 1101,
  ledger: 1102,
  billing: 1103,
  quota: 1104,
  optimizer: 1105,
  migrate: 1106,
  postgres: 999,
} as const;
type Owner = keyof typeof serviceUsers;

/** Where each role's password is needed, besides the folder of `migrate`, which gives it to the role. */
const roleFiles: readonly (readonly [role: string, owner: Owner | null, file: string])[] = [
  [gatewaySchema.role, 'gateway', 'database-password'],
  [financeSchema.role, 'gateway', 'finance-database-password'],
  [ledgerSchema.role, 'ledger', 'database-password'],
  [billingSchema.role, 'billing', 'database-password'],
  [quotaSchema.role, 'quota', 'database-password'],
  [optimizerSchema.role, 'optimizer', 'database-password'],
  // For people and programs that read the documents' views or report usage by SQL: no service does.
  [publicViews.role, null, ''],
  ...(publicViews.otherRoles ?? []).map((role) => [role, null, ''] as const),
];
const services = ['gateway', 'ledger', 'billing', 'quota', 'optimizer'] as const satisfies readonly Owner[];
const ofGateway = ['server-api-key', 'jwt-secret', 'admin-password', 'optimize-admin-token'] as const;

/**
 * Makes what can be made of the secrets of a distributed platform, a folder a service below `root`: 256 random bits
 * each. What is there stays, so a repeat changes nothing. `host`: where the services reach PostgreSQL. As root, each
 * folder belongs to its service's user and is closed to others. Answers the files.
 */
export function makeServiceSecrets(root: string, { host }: { readonly host: string }): readonly string[] {
  const files: string[] = [];
  const write = (owner: Owner, file: string, value: string): void => {
    files.push(keep(root, owner, file, value));
  };
  const made = (owner: Owner, file: string): string => {
    write(owner, file, existing(join(root, owner, file)) ?? randomBytes(32).toString('base64url'));
    return readFileSync(join(root, owner, file), 'utf8');
  };
  const superuser = made('postgres', 'password');
  write('migrate', 'database-url', `postgres://postgres:${superuser}@${host}/tollgate`);
  const shared = made('migrate', 'service-secret');
  for (const service of services) write(service, 'service-secret', shared);
  for (const [role, owner, file] of roleFiles) {
    const password = made('migrate', join('roles', role));
    if (owner !== null) write(owner, file, password);
  }
  for (const file of ofGateway) made('gateway', file);
  made('billing', 'webhook-encryption-key');
  for (const owner of Object.keys(serviceUsers) as Owner[]) close(join(root, owner), owner, 0o500);
  close(join(root, 'migrate', 'roles'), 'migrate', 0o500);
  return files;
}

const existing = (file: string): string | null => (existsSync(file) ? readFileSync(file, 'utf8') : null);

/** Whole or not at all, for its owner's eyes only. */
function keep(root: string, owner: Owner, file: string, value: string): string {
  const path = join(root, owner, file);
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  if (existing(path) !== value) {
    writeFileSync(`${path}.new`, value, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  close(path, owner, 0o400);
  return path;
}

function close(path: string, owner: Owner, mode: number): void {
  const user = serviceUsers[owner];
  if (process.getuid?.() === 0) chownSync(path, user, user);
  chmodSync(path, mode);
}
