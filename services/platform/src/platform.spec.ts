import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ConfigError } from '@tollgate/service-kit';
import { CommandFailed } from './cli/output.ts';
import { openUsageFile, usageEvents, type Mapping } from './cli/usage-file.ts';
import { readConfig } from './config.ts';
import { FolderUnusable, runningPlatform, takeDataFolder } from './data-folder.ts';
import { writeDurably } from './durable-file.ts';
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
    expect(readConfig({})).toMatchObject({ mode: 'embedded', settings: { HOST: '127.0.0.1', PORT: 3000, DATA_DIR: '.tollgate', ANSWER_WAIT_MS: 5000 } });
  });

  // Guarantee: a distributed platform never starts on a secret that it made up.
  it('name everything that is missing or wrong in distributed mode at once', () => {
    expect(problemsOf({ NODE_ENV: 'production', PORT: 'x', TEST_CLOCK: '1', JWT_ISSUER: 'i', SERVICE_SECRET: 'short' })).toEqual([
      'ADMIN_PASSWORD', 'DATABASE_URL', 'JWT_JWKS_URL', 'JWT_SECRET', 'KAFKA_BROKERS', 'OPTIMIZE_ADMIN_TOKEN', 'PORT', 'REVIEW_URL', 'SERVER_API_KEY', 'SERVICE_SECRET', 'STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'TEST_CLOCK', 'WORKFLOW_URL',
    ]);
    expect(problemsOf({ KAFKA_BROKERS: 'kafka:9092' })).toContain('DATABASE_URL');
  });

  it('need nothing of Stripe where it is off, and refuse to leave a key unused', () => {
    expect(problemsOf({ NODE_ENV: 'production', STRIPE: 'off' }).filter((name) => name.startsWith('STRIPE'))).toEqual([]);
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
    await expect(takeDataFolder(link)).rejects.toThrow(`a platform runs on it at http://127.0.0.1:3000 (process ${process.pid})`);
    await first.release();
    expect(runningPlatform(folder)).toBeNull();
    await (await takeDataFolder(link)).release();
  });

  it('that cannot be written is told in one line, whatever the reason', async () => {
    const file = join(newFolder(), 'a-file');
    writeFileSync(file, '');
    for (const folder of [file, join(file, 'below'), '/proc']) {
      const failed = await takeDataFolder(folder).then(() => null, (error: Error) => error);
      expect([folder, failed]).toEqual([folder, expect.any(FolderUnusable)]);
      expect(failed?.message).toMatch(/^The data folder .* cannot be written \(E[A-Z]+\): make it writable, or set DATA_DIR to another folder\.$/);
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
  const line = (env: NodeJS.ProcessEnv): string => welcome({ address: 'http://127.0.0.1:3000', dataDir: "/a b/it's" }, readConfig(env)).join('\n');
  expect(line({})).toContain(`$(cat '/a b/it'\\''s/secrets/server-api-key')`);
  expect(line({ SERVER_API_KEY: 'a key that was set' })).toContain('x-server-api-key: $SERVER_API_KEY"');
  expect(line({ SERVER_API_KEY: 'a key that was set' })).not.toContain('a key that was set');
});

describe('a file of usage', () => {
  const mapping: Mapping = { account: '=demo', time: 'TIMESTAMP', input: 'ContextTokens', output: 'GeneratedTokens' };
  const fileWith = async (text: string) => {
    const path = join(newFolder(), 'usage.csv');
    writeDurably(path, text);
    return openUsageFile(path);
  };
  const eventsOf = async (text: string, by: Mapping = mapping) => {
    const events = [];
    for await (const { event } of usageEvents(await fileWith(text), by)) events.push(event);
    return events;
  };
  const head = 'TIMESTAMP,ContextTokens,GeneratedTokens\r\n';

  it('names the row that is too long for an event, in one line', async () => {
    const text = `${head}2023-11-16 18:17:03,1,1\r\n2023-11-16 18:17:04,1,"${'9'.repeat(9 * 1_048_576)}"\r\n`;
    const failed = await eventsOf(text).then(() => null, (error: Error) => error);
    expect(failed).toBeInstanceOf(CommandFailed);
    expect(failed?.message).toMatch(/, row 2: it has more than 1048576 characters/);
    const number = await eventsOf(`${head}2023-11-16 18:17:03,1,${'x'.repeat(100_000)}`).then(() => '', (error: Error) => error.message);
    expect([number.includes('line 2'), number.length < 300]).toEqual([true, true]);
  });

  it('gives each row an identity from the content and its number, and times without a zone are UTC', async () => {
    const text = `${head}2023-11-16 18:17:03.9799600,4808,10\r\n2023-11-16T18:17:04+01:00,1,0`;
    const { source } = await fileWith(text);
    expect((await fileWith(text)).source).toBe(source);
    expect(await eventsOf(text)).toEqual([
      { specversion: '1.0', id: '1', source, subject: 'demo', type: 'llm.tokens', time: '2023-11-16T18:17:03.9799600Z', data: { input_tokens: 4808, output_tokens: 10 } },
      { specversion: '1.0', id: '2', source, subject: 'demo', type: 'llm.tokens', time: '2023-11-16T18:17:04+01:00', data: { input_tokens: 1, output_tokens: 0 } },
    ]);
  });

  // Guarantee: two names that differ in another encoding are never read as one account.
  it('is UTF-8, or refused', async () => {
    const path = join(newFolder(), 'latin-1.csv');
    writeFileSync(path, Buffer.from(`${head}2023-11-16 18:17:03,1,2\r\n# M\u00fcller`, 'latin1'));
    await expect(openUsageFile(path)).rejects.toThrow('is not UTF-8');
    expect(await eventsOf(`\ufeff${head}2023-11-16 18:17:03,1,2`, { ...mapping, account: '=M\u00fcller' })).toMatchObject([{ subject: 'M\u00fcller' }]);
  });

  it('names the line of what cannot be read, and the columns there are', async () => {
    await expect(eventsOf(`${head}2023-11-16 18:17:03,1,2\r\n2023-11-16 18:17:03,-1,2`)).rejects.toThrow('line 3: ContextTokens is "-1"');
    await expect(eventsOf(`${head}yesterday,1,2`)).rejects.toThrow('"yesterday" is not a time');
    await expect(eventsOf(`${head}2023-11-16 18:17:03,1,2`, { ...mapping, account: 'user' })).rejects.toThrow('no column user; there are TIMESTAMP');
  });
});
