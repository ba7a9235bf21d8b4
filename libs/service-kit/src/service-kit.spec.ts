import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from '@jest/globals';
import { AppError } from '@tollgate/kernel';
import { z } from 'zod';

import {
  combineHealth,
  ConfigError,
  createLogger,
  createMetrics,
  createQueryClient,
  parseAddress,
  parseAddresses,
  parseConfig,
  partOf,
  serveQueries,
  startHealthServer,
} from './index.ts';

const silent = createLogger({ service: 'test', level: 'silent' });

describe('settings', () => {
  const schema = z.object({
    PORT: z.coerce.number().int().default(3000),
    JWT_SECRET: z.string().min(16),
    SERVICE_SECRET: z.string(),
  });
  const parse = (env: Record<string, string>) =>
    parseConfig(schema, { env, secrets: ['JWT_SECRET', 'SERVICE_SECRET'] });
  const problemsOf = (env: Record<string, string>): readonly string[] => {
    try {
      parse(env);
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
    }
    return [];
  };
  const fileWith = (content: string): string => {
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-config-'));
    folders.push(folder);
    const file = join(folder, 'secret');
    writeFileSync(file, content);
    return file;
  };
  const folders: string[] = [];
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

  it('names every problem at once', () => {
    expect(problemsOf({ PORT: 'x' }).map((problem) => problem.split(':')[0])).toEqual([
      'JWT_SECRET',
      'PORT',
      'SERVICE_SECRET',
    ]);
  });

  it('never shows a secret in a problem', () => {
    expect(problemsOf({ JWT_SECRET: 'short-secret', SERVICE_SECRET: 's' }).join()).not.toContain('short-secret');
  });

  it('takes a secret from a file without its trailing newline', () => {
    const config = parse({ JWT_SECRET_FILE: fileWith('0123456789abcdef\n'), SERVICE_SECRET: 's' });
    expect(config).toEqual({ PORT: 3000, JWT_SECRET: '0123456789abcdef', SERVICE_SECRET: 's' });
  });

  it('refuses a secret given twice and one whose file is missing', () => {
    const problems = problemsOf({
      JWT_SECRET: '0123456789abcdef',
      JWT_SECRET_FILE: fileWith('0123456789abcdef'),
      SERVICE_SECRET_FILE: '/nowhere',
    });
    expect(problems).toEqual([
      'JWT_SECRET: set either JWT_SECRET or JWT_SECRET_FILE, not both',
      'SERVICE_SECRET_FILE: cannot be read (ENOENT)',
    ]);
  });

  // Guarantee: nobody runs on a secret that stands in a public file.
  it.each([
    'changeme',
    'change-me-please-1234',
    'sk_test_not_set',
    'whsec_not_set',
    'replace_this_with_32_bytes_of_yours',
    'your-secret-of-32-characters',
    'xxxxxxxxxxxxxxxx',
    '<a secret of 16 letters>',
    'placeholder-placeholder',
  ])('refuses the placeholder %s, without showing it', (value) => {
    const problems = problemsOf({ JWT_SECRET: value.padEnd(16, ' '), SERVICE_SECRET: value });
    expect(problems).toContain('SERVICE_SECRET: is a placeholder: put a secret of your own there');
    expect(problems.join()).not.toContain(value);
  });

  it('takes secrets that only look unusual', () => {
    expect(parse({ JWT_SECRET: 'a-secret-of-the-system-tests', SERVICE_SECRET: 'sk_test_123' })).toMatchObject({
      SERVICE_SECRET: 'sk_test_123',
    });
  });

  it('counts a variable set to nothing as unset', () => {
    expect(parse({ PORT: '', JWT_SECRET: '0123456789abcdef', SERVICE_SECRET: 's' }).PORT).toBe(3000);
  });
});

it('reads addresses, and says null to what is none', () => {
  expect(parseAddress('ledger:4001')).toEqual({ host: 'ledger', port: 4001 });
  expect(parseAddress('[::1]:4001')).toEqual({ host: '::1', port: 4001 });
  expect(parseAddress('ledger')).toBeNull();
  expect(parseAddress('ledger:70000')).toBeNull();
  expect(parseAddresses('a:1, b:2')).toEqual([
    { host: 'a', port: 1 },
    { host: 'b', port: 2 },
  ]);
  expect(parseAddresses('a:1,')).toBeNull();
});

it('hides secrets in logged objects, two levels down', () => {
  const lines: string[] = [];
  const logger = createLogger({
    service: 'test',
    level: 'info',
    destination: { write: (line) => void lines.push(line) },
  });
  logger.info(
    { password: 'p1', request: { headers: { 'x-server-api-key': 'p2', authorization: 'p3' } }, account: 'demo' },
    'seen',
  );
  expect(lines.join('')).not.toMatch(/p1|p2|p3/);
  expect(JSON.parse(lines.join(''))).toMatchObject({ service: 'test', account: 'demo', msg: 'seen' });
});

describe('health', () => {
  it('counts a part as down that fails or does not answer in time, and shows no credentials', async () => {
    expect(await partOf('db', () => Promise.reject(new Error('no postgres://me:pw@host/x')))).toEqual({
      name: 'db',
      up: false,
      detail: 'no postgres://host/x',
    });
    expect(await partOf('log', () => new Promise(() => undefined), 20)).toMatchObject({ name: 'log', up: false });
  });

  it('is ready only when every part is', () => {
    const up = { ready: true, parts: [{ name: 'db', up: true }] };
    const down = { ready: false, parts: [{ name: 'db', up: false, detail: 'gone' }] };
    expect(combineHealth([down, up])).toEqual(down);
    expect(combineHealth([up, up])).toEqual(up);
  });

  it('answers 200 while ready, else 503 with the missing part, and metrics as text', async () => {
    let ready = true;
    const server = await startHealthServer({
      host: '127.0.0.1',
      port: 0,
      logger: silent,
      metrics: createMetrics(),
      health: async () => ({ ready, parts: [{ name: 'log', up: ready }] }),
    });
    const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);
    try {
      expect((await get('/health/ready')).status).toBe(200);
      ready = false;
      const refused = await get('/health/ready');
      expect([refused.status, await refused.json()]).toEqual([
        503,
        { ready: false, parts: [{ name: 'log', up: false }] },
      ]);
      expect((await get('/health/live')).status).toBe(200);
      expect(await (await get('/metrics')).text()).toContain('process_cpu_seconds_total');
    } finally {
      await server.close();
    }
  });
});

describe('queries between services', () => {
  type Sums = {
    add(query: { a: number; b: number }): Promise<number>;
    fail(query: { bug: boolean }): Promise<never>;
    nothing(query: Record<string, never>): Promise<null>;
    slow(query: Record<string, never>): Promise<never>;
  };
  const nothing = z.strictObject({}) as unknown as z.ZodType<Record<string, never>>;
  const contract = {
    add: z.strictObject({ a: z.number(), b: z.number() }),
    fail: z.strictObject({ bug: z.boolean() }),
    nothing,
    slow: nothing,
  };
  const pattern = (name: string) => `sums.${name}`;
  const sums: Sums = {
    add: async ({ a, b }) => a + b,
    fail: async ({ bug }) => {
      throw bug ? new Error('a secret of ours') : new AppError('conflict', 'CATALOG_CONFLICT', 'taken', { version: 3 });
    },
    nothing: async () => null,
    slow: () => new Promise(() => undefined),
  };
  const serve = (port = 0) =>
    serveQueries<Sums>({ host: '127.0.0.1', port, secret: 's', queries: sums, contract, pattern, logger: silent });
  const clientOf = (port: number, secret = 's', ...more: number[]) =>
    createQueryClient<Sums>({
      addresses: [port, ...more].map((p) => ({ host: '127.0.0.1', port: p })),
      secret,
      contract,
      pattern,
      unavailable: 'LEDGER_UNAVAILABLE',
      timeoutMs: 500,
    });

  it('carries answers, null and AppErrors across, and nothing of other errors', async () => {
    const server = await serve();
    const client = clientOf(server.port);
    try {
      expect(await client.queries.add({ a: 1, b: 2 })).toBe(3);
      expect(await client.queries.nothing({})).toBeNull();
      await expect(client.queries.fail({ bug: false })).rejects.toMatchObject({
        kind: 'conflict',
        code: 'CATALOG_CONFLICT',
        message: 'taken',
        details: { version: 3 },
      });
      await expect(client.queries.fail({ bug: true })).rejects.toMatchObject({
        kind: 'bug',
        message: 'internal error',
      });
      await expect(client.queries.slow({})).rejects.toMatchObject({ kind: 'unavailable', code: 'LEDGER_UNAVAILABLE' });
    } finally {
      await client.close();
      await server.close();
    }
  });

  it('refuses what a query does not ask for, and does nothing', async () => {
    const server = await serve();
    const client = clientOf(server.port);
    try {
      for (const [query, what] of [
        [{ a: '1', b: 2 }, /^a: /],
        [{ a: 1 }, /^b: /],
        [{ a: 1, b: 2, c: 3 }, /^the query: .*"c"/],
        [[1, 2], /^the query: /],
        ['add', /^the query: /],
      ] as const) {
        await expect(client.queries.add(query as never)).rejects.toMatchObject({
          kind: 'invalid',
          code: 'REQUEST_INVALID',
          message: expect.stringMatching(what),
        });
      }
    } finally {
      await client.close();
      await server.close();
    }
  });

  it('runs no query for somebody who does not know the secret', async () => {
    const server = await serve();
    const client = clientOf(server.port, 'another');
    try {
      await expect(client.queries.add({ a: 1, b: 2 })).rejects.toMatchObject({ kind: 'unavailable' });
    } finally {
      await client.close();
      await server.close();
    }
  });

  it('asks every instance when told to, and answers with what those said that could be reached', async () => {
    const [first, second] = [await serve(), await serve()];
    const client = clientOf(first.port, 's', second.port);
    try {
      expect(await client.each('add', { a: 1, b: 2 })).toEqual([3, 3]);
      await first.close();
      expect(await client.each('add', { a: 1, b: 2 })).toEqual([3]);
      await second.close();
      await expect(client.each('add', { a: 1, b: 2 })).rejects.toMatchObject({
        kind: 'unavailable',
        code: 'LEDGER_UNAVAILABLE',
      });
    } finally {
      await client.close();
    }
  });

  it('connects again to a server that came back, and goes on to the next instance while one is away', async () => {
    const first = await serve();
    const second = await serve();
    const single = clientOf(first.port);
    const both = clientOf(first.port, 's', second.port);
    try {
      expect(await single.queries.add({ a: 1, b: 1 })).toBe(2);
      await first.close();
      await expect(single.queries.add({ a: 1, b: 1 })).rejects.toMatchObject({ kind: 'unavailable' });
      for (let i = 0; i < 4; i++) expect(await both.queries.add({ a: i, b: 1 })).toBe(i + 1);
      const again = await serve(first.port);
      expect(await single.queries.add({ a: 2, b: 1 })).toBe(3);
      await again.close();
    } finally {
      await single.close();
      await both.close();
      await second.close();
    }
  });
});
