import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from '@jest/globals';
import { ConfigError } from '@tollgate/service-kit';

import { readConfig } from './config.ts';
import { FolderUnusable, runningPlatform, takeDataFolder } from './data-folder.ts';
import { embeddedSecrets, secretFile } from './secrets.ts';
import { openTestClock } from './test-clock.ts';
import { welcome } from './welcome.ts';

const folders: string[] = [];
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-platform-'));
  folders.push(folder);
  return folder;
};
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const problemsOf = (env: NodeJS.ProcessEnv): readonly string[] => {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.split(':')[0] ?? '');
    throw error;
  }
};

describe('the settings', () => {
  it('need nothing in embedded mode', () => {
    expect(readConfig({})).toMatchObject({
      mode: 'embedded',
      settings: { HOST: '127.0.0.1', PORT: 3000, DATA_DIR: '.tollgate', ANSWER_WAIT_MS: 5000 },
    });
  });

  // Guarantee: a distributed platform never starts on a secret that it made up.
  it('name everything that is missing or wrong in distributed mode at once', () => {
    expect(
      problemsOf({ NODE_ENV: 'production', PORT: 'x', TEST_CLOCK: '1', JWT_ISSUER: 'i', SERVICE_SECRET: 'short' }),
    ).toEqual([
      'ADMIN_PASSWORD',
      'DATABASE_URL',
      'JWT_JWKS_URL',
      'JWT_SECRET',
      'KAFKA_BROKERS',
      'OPTIMIZE_ADMIN_TOKEN',
      'PORT',
      'REVIEW_URL',
      'SERVER_API_KEY',
      'SERVICE_SECRET',
      'STRIPE_SECRET_KEY',
      'STRIPE_WEBHOOK_SECRET',
      'TEST_CLOCK',
      'WORKFLOW_URL',
    ]);
    expect(problemsOf({ KAFKA_BROKERS: 'kafka:9092' })).toContain('DATABASE_URL');
  });

  it('need nothing of Stripe where it is off, and refuse to leave a key unused', () => {
    expect(problemsOf({ NODE_ENV: 'production', STRIPE: 'off' }).filter((name) => name.startsWith('STRIPE'))).toEqual(
      [],
    );
    expect(problemsOf({ STRIPE: 'off', STRIPE_SECRET_KEY: 'sk_test_of_a_spec' })).toEqual(['STRIPE']);
    expect(readConfig({ STRIPE: 'off' }).settings.STRIPE).toBe('off');
  });
});

describe('the data folder', () => {
  it('is held by one process at a time, by whatever path it is named, and is free again afterwards', async () => {
    const folder = newFolder();
    const link = `${folder}-link`;
    symlinkSync(folder, link);
    folders.push(link);
    const first = await takeDataFolder(folder);
    first.announce('http://127.0.0.1:3000');
    expect(runningPlatform(link)).toEqual({ pid: process.pid, address: 'http://127.0.0.1:3000' });
    await expect(takeDataFolder(link)).rejects.toThrow(
      `a platform runs on it at http://127.0.0.1:3000 (process ${process.pid})`,
    );
    await first.release();
    expect(runningPlatform(folder)).toBeNull();
    await (await takeDataFolder(link)).release();
  });

  it('that cannot be written is told in one line, whatever the reason', async () => {
    const file = join(newFolder(), 'a-file');
    writeFileSync(file, '');
    for (const folder of [file, join(file, 'below'), '/proc']) {
      const failed = await takeDataFolder(folder).then(
        () => null,
        (error: Error) => error,
      );
      expect([folder, failed]).toEqual([folder, expect.any(FolderUnusable)]);
      expect(failed?.message).toMatch(
        /^The data folder .* cannot be written \(E[A-Z]+\): make it writable, or set DATA_DIR to another folder\.$/,
      );
    }
  });

  it('keeps generated secrets for their owner only, the same at every start; what is set is not written down', () => {
    const folder = newFolder();
    const { settings } = readConfig({ SERVER_API_KEY: 'a key that was set' });
    const first = embeddedSecrets(folder, settings);
    expect(embeddedSecrets(folder, settings)).toEqual(first);
    expect(first.serverApiKey).toBe('a key that was set');
    expect(existsSync(secretFile(folder, 'SERVER_API_KEY'))).toBe(false);
    expect(readFileSync(secretFile(folder, 'JWT_SECRET'), 'utf8')).toBe(first.jwtSecret);
    expect(statSync(secretFile(folder, 'JWT_SECRET')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700);
  });

  it('keeps the test clock where it was told to stand', () => {
    const folder = newFolder();
    const clock = openTestClock(folder);
    const start = clock.nowMs();
    clock.advanceMs(86_400_000);
    expect(openTestClock(folder).nowMs()).toBe(start + 86_400_000);
    expect(() => clock.advanceMs(-1)).toThrow(RangeError);
    expect(clock.nowMs()).toBe(start + 86_400_000);
  });
});

it('prints a command that reads the key from its file, or names the variable that holds it', () => {
  const line = (env: NodeJS.ProcessEnv): string =>
    welcome({ address: 'http://127.0.0.1:3000', dataDir: "/a b/it's" }, readConfig(env)).join('\n');
  expect(line({})).toContain(`$(cat '/a b/it'\\''s/secrets/server-api-key')`);
  expect(line({ SERVER_API_KEY: 'a key that was set' })).toContain('x-server-api-key: $SERVER_API_KEY"');
  expect(line({ SERVER_API_KEY: 'a key that was set' })).not.toContain('a key that was set');
});
