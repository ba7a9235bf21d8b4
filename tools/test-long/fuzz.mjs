// Schemathesis reads the OpenAPI document of a running platform and sends what it allows and what it forbids, under one
// seed and within a time: no 5xx, no answer that is not documented, nothing wrong accepted, and true books afterwards.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Embedded } from './embedded.mjs';

const version = '4.32.5';
const seed = Number(process.env.TOLLGATE_FUZZ_SEED ?? 20261121);
/** All phases together; the last one repeats until the time is over. */
const seconds = Number(process.env.TOLLGATE_FUZZ_SECONDS ?? 240);
const installMs = 180_000;
const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
];
const names = [
  'whatever the document allows or forbids is answered as it says',
  'the platform is ready after it',
  'the books show zero drift after it',
];

export async function fuzzCampaign({ check, notRun, say }) {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-fuzz-'));
  const dataDir = join(folder, 'data');
  try {
    const program = await install(folder);
    if (typeof program !== 'string') {
      for (const name of names) notRun(name, program.why);
      return;
    }
    mkdirSync(dataDir);
    const platform = new Embedded(dataDir);
    try {
      await platform.start();
      await fill(platform);
      say(`  schemathesis ${version}, seed ${seed}, ${seconds} s`);
      await check(names[0], () => fuzz(program, platform, folder));
      await check(names[1], () => platform.call('GET', '/health/ready').then(() => undefined));
      await check(names[2], () => noDrift(platform));
    } finally {
      await platform.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Schemathesis in an environment of its own, thrown away with the folder; or why there is none. */
async function install(folder) {
  const environment = join(folder, 'python');
  const steps = [
    ['python3', ['-m', 'venv', environment]],
    [
      join(environment, 'bin', 'pip'),
      ['install', '--quiet', '--disable-pip-version-check', `schemathesis==${version}`],
    ],
  ];
  for (const [command, args] of steps) {
    const { code, output } = await run(command, args, installMs);
    if (code !== 0)
      return {
        why:
          `${command === 'python3' ? 'python3 with venv' : 'schemathesis from PyPI'} ` +
          `is needed: ${output.trim().split('\n').at(-1)}`,
      };
  }
  return join(environment, 'bin', 'schemathesis');
}

/** What the examples of the document speak of, so that they are met and not only refused. */
async function fill(platform) {
  await platform.call('POST', '/v1/accounts', {
    id: 'acme/team-a',
    kind: 'wallet',
    unit: 'token',
    settings: { overdraft: 'unlimited' },
  });
  await platform.call('POST', '/v1/accounts/acme%2Fteam-a/grants', { amount: '1000000', reason: 'for the campaign' });
  await platform.call('POST', '/api/features', { id: 'feature-1', name: 'Text generation' });
  await platform.call('POST', '/api/feature-endpoints', {
    id: 'feature-endpoint-456',
    feature: 'feature-1',
    path: '/generate',
  });
  await platform.call('POST', '/api/packages', { id: 'pro', name: 'Pro', features: ['feature-1'], token: 1_000 });
  await platform.call('POST', '/api/user-wallets/give-bonus-token', { user_id: 'user-123', token: 1_000_000 });
  await platform.call('POST', '/api/admin/credits/user-123/bonus', { amount: 1_000_000 });
  await platform.call('POST', '/api/admin/license-keys', { key: 'ABC12-XYZ34', token_balance: 1_000_000 });
  const headers = { authorization: `Bearer ${await login(platform)}`, 'content-type': 'application/json' };
  await fetch(`${platform.url}/api/user/assign-license`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ license_key: 'ABC12-XYZ34' }),
  });
}

async function login(platform) {
  const response = await fetch(`${platform.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'admin@localhost', password: platform.secret('admin-password') }),
  });
  return (await response.json()).access_token;
}

async function fuzz(program, platform, folder) {
  const headers = {
    'x-server-api-key': platform.secret('server-api-key'),
    authorization: `Bearer ${await login(platform)}`,
    'x-token': platform.secret('optimize-admin-token'),
  };
  const args = [
    '--no-color',
    'run',
    `${platform.url}/api-docs-json`,
    '--seed',
    String(seed),
    '--max-time',
    String(seconds),
    '--workers',
    '1',
    '--checks',
    checks.join(),
    '--continue-on-failure',
    '--suppress-health-check',
    'all',
    '--warnings',
    'off',
    ...Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
  ];
  const { code, output } = await run(program, args, (seconds + 120) * 1_000, { cwd: folder });
  const cases = /([\d,]+) generated/.exec(output)?.[1];
  if (code !== 0) throw new Error(output.slice(Math.max(0, output.search(/^=+ (FAILURES|ERRORS)/m))).slice(0, 6_000));
  if (cases === undefined) throw new Error(`nothing was sent:\n${output.slice(-2_000)}`);
  return `${cases} requests over ${/(\d+) selected/.exec(output)?.[1] ?? '?'} operations`;
}

async function noDrift(platform) {
  const { code, output, errors } = await platform.cli('rebuild', '--check');
  if (code !== 0) throw new Error(errors || output);
  const { drifts, entries, records } = JSON.parse(output);
  if (drifts.length > 0) throw new Error(JSON.stringify(drifts.slice(0, 5)));
  return `${entries} entries folded, ${records} records decided again`;
}

function run(command, args, timeoutMs, options = {}) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk) => (output += chunk));
    child.on('error', (error) => (output += String(error.message)));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({
        code: code ?? signal ?? 1,
        output: output === '' && signal !== null ? `no end within ${timeoutMs} ms` : output,
      });
    });
  });
}
