import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const name = 'the distributed platform works on PostgreSQL and Kafka in containers';

/** The system tests that need servers, and the log's own specs, on containers instead of this machine's binaries. */
export async function containerCampaign({ check, notRun }) {
  const { dockerEngine } = await import(pathToFileURL(join(root, 'libs/testing/dist/servers/containers.js')).href);
  const engine = await dockerEngine();
  if (engine === undefined) return notRun(name, 'no Docker engine answers');
  await check(name, async () => {
    const passed = [await specs('libs/system-tests', 'distributed'), await specs('libs/messaging', 'kafka-log')];
    return `Docker ${engine}, ${passed.join(' and ')} specs`;
  });
}

/** Answers how many passed. */
async function specs(project, pattern) {
  const args = [
    '--experimental-vm-modules',
    '--no-warnings',
    'node_modules/jest/bin/jest.js',
    '-c',
    `${project}/jest.config.js`,
    '--runInBand',
    pattern,
  ];
  const env = { ...process.env, TOLLGATE_CONTAINERS: '1', CI: 'true' };
  const run = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [run.stdout, run.stderr]) stream.on('data', (piece) => (output += piece));
  const code = await new Promise((resolve) => run.on('close', resolve));
  if (code !== 0) throw new Error(output.slice(-4_000));
  if (!output.includes('servers of the tests: containers'))
    throw new Error(`not on containers:\n${output.slice(-4_000)}`);
  return /Tests: .*?(\d+) passed/.exec(output)?.[1] ?? '0';
}
