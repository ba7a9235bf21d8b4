import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { rolePassword, rolePasswordsIn } from '@tollgate/persistence';

import type { Settings } from './config.ts';
import { present } from './config.ts';
import { writeDurably } from './durable-file.ts';

/** What the platform must know and nobody else may. */
export type Secrets = {
  readonly jwtSecret: string;
  readonly serverApiKey: string;
  readonly adminPassword: string;
  readonly serviceSecret: string;
  readonly optimizeAdminToken: string;
};

/** File names are promised (running.md §2). */
const files = {
  SERVER_API_KEY: 'server-api-key',
  JWT_SECRET: 'jwt-secret',
  SERVICE_SECRET: 'service-secret',
  ADMIN_PASSWORD: 'admin-password',
  OPTIMIZE_ADMIN_TOKEN: 'optimize-admin-token',
} as const;
type SecretName = keyof typeof files;

export const secretFile = (dataDir: string, name: SecretName): string => join(dataDir, 'secrets', files[name]);

/** The password of each database role: from the folder that is named, else derived from SERVICE_SECRET. */
export const rolePasswordsOf = (
  settings: Pick<Settings, 'DATABASE_PASSWORDS_DIR'>,
  serviceSecret: string,
): ((role: string) => string) =>
  settings.DATABASE_PASSWORDS_DIR === undefined
    ? (role) => rolePassword(serviceSecret, role)
    : rolePasswordsIn(settings.DATABASE_PASSWORDS_DIR);

/** The secrets that are set, the others from the data folder; there they are made once (256 random bits, mode 0600). */
export function embeddedSecrets(dataDir: string, settings: Settings): Secrets {
  const folder = join(dataDir, 'secrets');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const values = Object.fromEntries(
    (Object.keys(files) as SecretName[]).map((name) => [name, settings[name] ?? keptSecret(secretFile(dataDir, name))]),
  );
  return secretsOf({ ...settings, ...values });
}

/**
 * What the Stripe simulator alone knows: its API key and what it signs webhooks with. Nothing follows from another
 * secret.
 */
export const simulatorSecrets = (dataDir: string): { readonly key: string; readonly webhookSecret: string } => ({
  key: keptSecret(join(dataDir, 'secrets', 'stripe-simulator-key')),
  webhookSecret: keptSecret(join(dataDir, 'secrets', 'stripe-simulator-webhook-secret')),
});

/**
 * What seals the secrets of subscribers: as it is set, else kept in the data folder; a distributed platform derives it
 * from SERVICE_SECRET.
 */
export function webhookEncryptionKey(
  settings: Settings,
  at: { readonly dataDir: string | null; readonly serviceSecret: string },
): string {
  if (settings.WEBHOOK_ENCRYPTION_KEY !== undefined) return settings.WEBHOOK_ENCRYPTION_KEY;
  return at.dataDir === null ? at.serviceSecret : keptSecret(join(at.dataDir, 'secrets', 'webhook-encryption-key'));
}

/** The secrets of a distributed platform: all given. */
export const secretsOf = (settings: Settings): Secrets => ({
  jwtSecret: present(settings.JWT_SECRET, 'JWT_SECRET'),
  serverApiKey: present(settings.SERVER_API_KEY, 'SERVER_API_KEY'),
  adminPassword: present(settings.ADMIN_PASSWORD, 'ADMIN_PASSWORD'),
  serviceSecret: present(settings.SERVICE_SECRET, 'SERVICE_SECRET'),
  optimizeAdminToken: present(settings.OPTIMIZE_ADMIN_TOKEN, 'OPTIMIZE_ADMIN_TOKEN'),
});

function keptSecret(file: string): string {
  try {
    const kept = readFileSync(file, 'utf8').trim();
    if (kept !== '') return kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const made = randomBytes(32).toString('base64url');
  writeDurably(file, made);
  return made;
}
