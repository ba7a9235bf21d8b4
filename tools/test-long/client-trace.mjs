// The conversation trace through the client library that product services install, on 50 users, while the platform is
// killed twice: what every user was charged is compared with sums taken from the file here.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePortOf } from './free-port.mjs';
import { Embedded } from './embedded.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const users = Array.from({ length: 50 }, (_, at) => `trace-user-${at}`);
const endpoint = 'trace-endpoint';
const gift = 1_000_000n;
/** As many requests as a product service of this size has under way. */
const atOnce = 32;
const names = [
  'every user is charged to the unit by the client library, over two kills',
  'the client library keeps nothing back',
  'the books show zero drift, after the client library',
];

export async function clientTraceCampaign({ check, notRun }) {
  const folder = resolve(
    process.argv[2] ?? process.env.TOLLGATE_TRACE ?? join(root, '..', 'shared', 'data', 'azure-llm-2023'),
  );
  const file = join(folder, 'conv.csv');
  if (!existsSync(file)) {
    for (const name of names)
      notRun(name, `there is no conv.csv in ${folder}; give the folder as an argument or in TOLLGATE_TRACE`);
    return;
  }
  const work = mkdtempSync(join(tmpdir(), 'tollgate-client-'));
  const dataDir = join(work, 'data');
  mkdirSync(dataDir);
  // The same address after each start: the client knows no other.
  const platform = new Embedded(dataDir, { port: await freePortOf() });
  try {
    await platform.start();
    await prepare(platform);
    const { rows, costs } = expected(file);
    await check(names[0], async () => {
      const shown = await send({ platform, file, spool: join(work, 'spool'), rows });
      for (const user of users)
        same(user, BigInt((await platform.call('GET', `/v1/accounts/wallet:${user}`)).balance), gift - costs.get(user));
      return shown;
    });
    await check(names[1], () => same('requests on disk', filesIn(join(work, 'spool')).join(), ''));
    await check(names[2], () => noDrift(platform, rows));
  } finally {
    await platform.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

async function prepare(platform) {
  await platform.call('POST', '/api/features', { id: 'trace-feature', name: 'Conversation' });
  await platform.call('POST', '/api/feature-endpoints', { id: endpoint, feature: 'trace-feature', path: '/chat' });
  for (const user of users)
    await platform.call('POST', '/api/user-wallets/give-initial-token', { user_id: user, token: Number(gift) });
}

/**
 * What each user's lines cost without profits: a quarter of what was generated, rounded up; a line without tokens books
 * nothing.
 */
function expected(file) {
  const [header, ...lines] = readFileSync(file, 'utf8')
    .split(/\r?\n/)
    .filter((line) => line !== '');
  const output = header.split(',').indexOf('GeneratedTokens');
  const costs = new Map(users.map((user) => [user, 0n]));
  for (const [at, line] of lines.entries()) {
    const user = users[at % users.length];
    costs.set(user, costs.get(user) + (BigInt(line.split(',')[output]) + 3n) / 4n);
  }
  return { rows: lines.length, costs };
}

/**
 * Runs the product service to its end; the platform is killed when a third, and when two thirds of the lines were
 * served.
 */
async function send({ platform, file, spool, rows }) {
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      '--no-warnings',
      join(root, 'tools', 'test-long', 'client-process.mjs'),
      JSON.stringify({ file, users, endpoint, atOnce, spool }),
    ],
    {
      env: {
        PATH: process.env.PATH,
        TOKEN_SERVER_URL: platform.url,
        SERVER_API_KEY: platform.secret('server-api-key'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const said = { last: { done: 0 }, errors: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    const line = chunk.trim().split('\n').at(-1);
    if (line.endsWith('}')) said.last = JSON.parse(line);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => (said.errors += chunk));
  const ended = new Promise((done) => child.on('close', (code) => done(code)));
  try {
    for (const part of [1, 2]) {
      while (said.last.done < (rows * part) / 3 && child.exitCode === null)
        await new Promise((done) => setTimeout(done, 20));
      if (child.exitCode !== null)
        throw new Error(`the service ended before the kill ${part}: nothing was proved\n${said.errors}`);
      await platform.kill();
      await platform.start();
    }
    const code = await ended;
    if (code !== 0 || said.last.ended !== true) throw new Error(`the service ended with ${code}:\n${said.errors}`);
    same('lines served', said.last.done, rows);
    same('requests that wait', said.last.waiting, 0);
  } finally {
    child.kill('SIGKILL');
  }
  const seconds = (performance.now() - started) / 1000;
  return `${rows} starts and ends in ${seconds.toFixed(1)} s, ${Math.round(rows / seconds)}/s, killed twice`;
}

/** Every file under the spool: waiting, refused or damaged. */
const filesIn = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
    : [];

async function noDrift(platform, rows) {
  const { code, output, errors } = await platform.cli('rebuild', '--check');
  if (code !== 0) throw new Error(errors || output);
  const report = JSON.parse(output);
  same('drifts', report.drifts.length, 0);
  if (report.records < rows) throw new Error(`only ${report.records} records were decided again`);
  return `${report.entries} entries folded, ${report.records} records decided again`;
}

function same(what, found, wanted) {
  if (String(found) !== String(wanted)) throw new Error(`${what}: ${found}, expected ${wanted}`);
}
