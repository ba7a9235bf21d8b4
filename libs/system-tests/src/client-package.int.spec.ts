import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { EmbeddedPlatform } from './harness/embedded.ts';

const run = promisify(execFile);
const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const serverKey = 'system-tests-server-key';

// Guarantee: what is packed works where nobody has heard of this repository.
describe('the packed client', () => {
  let platform: EmbeddedPlatform;
  let project: string;
  const node = (file: string, ...args: string[]) =>
    run(process.execPath, ['--no-warnings', file, ...args], {
      cwd: project,
      timeout: 60_000,
      env: {
        PATH: process.env['PATH'],
        HOME: project,
        TOKEN_SERVER_URL: platform.anybody.url,
        SERVER_API_KEY: serverKey,
      },
    });
  const npm = (args: readonly string[], cwd: string) =>
    run('npm', [...args, '--no-audit', '--no-fund', '--offline'], { cwd, timeout: 60_000 });

  beforeAll(async () => {
    platform = await EmbeddedPlatform.start();
    project = await mkdtemp(join(tmpdir(), 'tollgate-product-'));
    await npm(['pack', join(root, 'libs', 'client'), '--pack-destination', project], project);
    const packed = (await readdir(project)).find((name) => name.endsWith('.tgz'));
    await writeFile(
      join(project, 'package.json'),
      JSON.stringify({ name: 'a-product', private: true, version: '1.0.0' }),
    );
    await npm(['install', `./${packed}`], project);
    const { status } = await platform.server.post('/api/features', { id: 'readme-feature', name: 'Text' });
    const endpoint = await platform.server.post('/api/feature-endpoints', {
      id: 'readme-endpoint',
      feature: 'readme-feature',
      path: '/generate',
    });
    const gift = await platform.server.post('/api/user-wallets/give-initial-token', {
      user_id: 'readme-user',
      token: 1_000,
    });
    expect([status, endpoint.status, gift.status]).toEqual([201, 201, 200]);
  });
  afterAll(async () => {
    await platform?.stop();
    if (project) await rm(project, { recursive: true, force: true });
  });

  it('brings no dependency along', async () => {
    expect((await readdir(join(project, 'node_modules'))).filter((name) => !name.startsWith('.'))).toEqual([
      '@tollgate',
    ]);
    expect(await readdir(join(project, 'node_modules', '@tollgate'))).toEqual(['client']);
    const files = await readdir(join(project, 'node_modules', '@tollgate', 'client'), { recursive: true });
    expect(
      files.filter((name) => name.includes('spec') || name.includes('testing') || name.endsWith('.tsbuildinfo')),
    ).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['README.md', 'LICENSE']));
  });

  it('is the same in both module systems', async () => {
    const spending = `
      const client = new Tollgate();
      client.accounts.spend('demo', { amount: 1 }).then(async ({ entry }) => {
        await client.close();
        console.log(entry.amount, typeof withTokenProcess);
      });`;
    await writeFile(
      join(project, 'esm.mjs'),
      `import { Tollgate, withTokenProcess } from '@tollgate/client';${spending}`,
    );
    await writeFile(
      join(project, 'cjs.cjs'),
      `const { Tollgate, withTokenProcess } = require('@tollgate/client');${spending}`,
    );
    expect((await node('esm.mjs')).stdout.trim()).toBe('-1 function');
    expect((await node('cjs.cjs')).stdout.trim()).toBe('-1 function');
  });

  it('has types in both', async () => {
    const source = `import { Tollgate, withTokenProcess } from '@tollgate/client';
      const wrapped = withTokenProcess({ feature_endpoint_id: 'f', user_id: (args) => args[0].user_id },
        async (data: { user_id: string }) => ({ text: data.user_id, output_token: 1 }));
      export const text: Promise<string> = wrapped({ user_id: 'u' }).then((result) => result.text);
      export const spend = (client: Tollgate): Promise<string | null> => client.accounts.spend('a',
        { amount: 1n }).then(({ available }) => available);
      // @ts-expect-error: an amount or a usage
      export const wrong = (client: Tollgate) => client.accounts.spend('a', {});`;
    for (const name of ['typed.mts', 'typed.cts']) await writeFile(join(project, name), source);
    const options = [
      '--strict',
      '--noEmit',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--types',
      'node',
      '--typeRoots',
      join(root, 'node_modules', '@types'),
    ];
    const { stdout } = await run(
      process.execPath,
      [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), ...options, 'typed.mts', 'typed.cts'],
      { cwd: project },
    ).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });

  it('does what each example of its README says', async () => {
    const readme = await readFile(join(root, 'libs', 'client', 'README.md'), 'utf8');
    const examples = [...readme.matchAll(/^## (.+?)$|```ts\n([\s\S]*?)```/gm)];
    const said: Record<string, string> = {};
    let title = '';
    await mkdir(join(project, 'readme'), { recursive: true });
    for (const [, heading, code] of examples) {
      if (heading !== undefined) title = heading;
      if (code === undefined) continue;
      const file = join(project, 'readme', `${title.replaceAll(/\W+/g, '-')}.mts`);
      await writeFile(file, code);
      const { stdout, stderr } = await node(file);
      expect([title, stderr]).toEqual([title, '']);
      said[title] = stdout.trim();
    }

    expect(said).toEqual({
      'Spend at the moment of use': expect.stringMatching(/^entry \d+-\d+: -7, 3 left\nrefused: 4 asked, 3 available$/),
      'Reserve, then settle': '75 left',
      'Meter events': 'booked',
      'Token processes': 'HELLO',
      Credits: 'true 4\n99 left',
      'Billing by tiers': "10000000 [ '8M-16M' ]\n8M-16M",
      'The spool': '0 requests waiting\n0 left',
    });
    const balances = await Promise.all(
      ['readme-wallet', 'readme-holds', 'wallet:readme-user'].map(
        async (id) =>
          (await platform.server.get<{ balance: string }>(`/v1/accounts/${encodeURIComponent(id)}`)).body.balance,
      ),
    );
    expect(balances).toEqual(['3', '75', '900']);
    const { body: metered } = await platform.server.get<{ balance: string }>('/v1/accounts/readme-metered');
    expect(BigInt(metered.balance)).toBe(-1_201n);
  });
});
