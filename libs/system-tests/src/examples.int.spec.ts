import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BoundProcess } from '@tollgate/testing';
import { endBound, startBound, waitFor } from '@tollgate/testing';

import { Client } from './harness/client.ts';
import { EmbeddedPlatform } from './harness/embedded.ts';
import { removeFolder, workFolder } from './harness/program.ts';

const run = promisify(execFile);
const examples = join(import.meta.dirname, '..', '..', '..', 'examples');
const serverKey = 'system-tests-server-key';

// Guarantee: what people copy works.
describe('the examples', () => {
  let platform: EmbeddedPlatform;
  let folder: string;
  let running: BoundProcess | null = null;
  const environment = () => ({
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    TOKEN_SERVER_URL: platform.anybody.url,
    SERVER_API_KEY: serverKey,
    ADMIN_PASSWORD: platform.admin.password,
    OPTIMIZE_ADMIN_TOKEN: platform.optimizeAdminToken,
    TOLLGATE_SPOOL_DIR: join(folder, 'spool'),
  });

  beforeAll(async () => {
    folder = workFolder();
    platform = await EmbeddedPlatform.start();
  });
  afterAll(async () => {
    await platform?.stop();
    if (folder) await removeFolder(folder);
  });

  /** Starts a service of the examples, works with it and stops it; what it keeps on disk must be gone then. */
  async function withService(
    name: string,
    work: (service: Client) => Promise<void>,
    more: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const service = startBound([process.execPath, '--no-warnings', join(examples, 'services', `${name}.ts`)], {
      env: { ...environment(), ...more },
      cwd: folder,
      logFile: join(folder, `${name}.log`),
      deathSignal: 'KILL',
    });
    running = service;
    try {
      const url = await waitFor(
        `${name} to listen`,
        async () => /listening on (\S+)/.exec(service.output())?.[1] ?? false,
        15_000,
      );
      await work(new Client(url));
    } finally {
      await endBound(service, 'SIGTERM', 10_000);
      running = null;
    }
    expect((await readdir(join(folder, 'spool')).catch(() => [])).filter((file) => file.endsWith('.json'))).toEqual([]);
  }
  afterAll(async () => {
    if (running !== null) await endBound(running, 'SIGKILL', 1_000);
  });

  it.each(['native', 'licence-keys', 'token-process', 'optimize', 'credits', 'tier-billing'])(
    '%s.sh gets what it says',
    async (name) => {
      const { stdout, stderr } = await run('bash', [join(examples, `${name}.sh`)], {
        cwd: folder,
        env: environment(),
        timeout: 60_000,
      });
      expect([stdout, stderr].join('')).not.toContain('✗');
      expect(stdout.split('\n').filter((line) => line.startsWith('✓')).length).toBeGreaterThan(7);
    },
  );

  it('say what is missing in the environment', async () => {
    const { SERVER_API_KEY: _key, ...without } = environment();
    await expect(run('bash', [join(examples, 'native.sh')], { cwd: folder, env: without })).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('SERVER_API_KEY is not set'),
    });
  });

  it('a text generation books what it wrote, and generates nothing for who has nothing', async () => {
    await platform.server.post('/api/features', { id: 'text', name: 'Text' });
    await platform.server.post('/api/feature-endpoints', {
      id: 'text-generation',
      feature: 'text',
      path: '/generate',
      minimum_token: 1,
    });
    await platform.server.post('/api/user-wallets/give-initial-token', { user_id: 'example-writer', token: 100 });

    await withService('text-generation', async (service) => {
      const answer = await service.post('/generate', { user_id: 'example-writer', prompt: 'x'.repeat(390) });
      expect([answer.status, answer.body['output_token']]).toEqual([200, 100]);
      const refused = await service.post('/generate', { user_id: 'example-nobody', prompt: 'hello' });
      expect([refused.status, refused.body]).toEqual([
        402,
        { error: 'Insufficient tokens. Required: 1, Available: 0', token: 0 },
      ]);
    });

    expect((await platform.server.get('/v1/accounts/wallet:example-writer')).body).toMatchObject({ balance: '75' });
  });

  it('a code review uses one credit each, and stops when there are none', async () => {
    await withService('code-review', async (service) => {
      const statuses: number[] = [];
      for (let time = 0; time < 6; time++)
        statuses.push((await service.post('/review', { user_id: 'example-reviewer', code: 'a\nb' })).status);
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
      expect((await service.post('/review', { code: 'a' })).status).toBe(401);
    });
  });

  it('a search meters every request once', async () => {
    await platform.server.post('/v1/accounts', { id: 'example-search', kind: 'metered', unit: 'request' });

    await withService('search', async (service) => {
      await Promise.all(Array.from({ length: 40 }, (_, at) => service.get(`/search?account=example-search&q=${at}`)));
    });

    await waitFor(
      '40 searches in the books',
      async () => (await platform.server.get('/v1/accounts/example-search')).body['used_total'] === '40',
      10_000,
    );
  });

  it('a chat adds up its tokens by the month', async () => {
    await withService('chat', async (service) => {
      expect(
        (await service.post('/chat', { user_id: 'example-chatter', tokens: 5_000_000 })).body['tokens_this_month'],
      ).toBe(5_000_000);
      expect(
        (await service.post('/chat', { user_id: 'example-chatter', tokens: 5_000_000 })).body['tokens_this_month'],
      ).toBe(10_000_000);
      expect((await service.get('/summary?user_id=example-chatter')).body).toMatchObject({
        total_tokens: 10_000_000,
        current_tier: '8M-16M',
      });
    });
  });
});
