// Real usage: 28,185 requests of the Azure LLM inference trace 2023, imported, imported again, and imported over a
// kill; the books are compared with sums taken from the files here, by other code than the platform's.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Embedded } from './embedded.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const profitPercent = 20n;
/** What the files are known to cost at 20 % profit; a file whose sum differs is another file. */
const known = { 'code.csv': 81_380n, 'conv.csv': 1_242_779n };
const mapping = [
  '--account',
  '=trace',
  '--time',
  'TIMESTAMP',
  '--input',
  'ContextTokens',
  '--output',
  'GeneratedTokens',
];
const account = { id: 'trace', kind: 'wallet', unit: 'token', settings: { overdraft: 'unlimited' } };

const names = [
  'the trace is booked to the unit',
  'a second import books nothing',
  'an import over a kill books each row once',
  'the books show zero drift',
];

export async function traceCampaign({ check, notRun, say }) {
  const folder = resolve(
    process.argv[2] ?? process.env.TOLLGATE_TRACE ?? join(root, '..', 'shared', 'data', 'azure-llm-2023'),
  );
  const files = Object.keys(known).map((name) => join(folder, name));
  if (!files.every((file) => existsSync(file))) {
    for (const name of names)
      notRun(
        name,
        `there is no code.csv and conv.csv in ${folder}; give the folder as an argument or in TOLLGATE_TRACE`,
      );
    return;
  }
  const sums = files.map(sumsOf);
  const total = addUp(sums);
  for (const sum of sums)
    say(
      `  ${sum.name}: ${sum.rows} rows, ${sum.input} + ${sum.output} model tokens, cost ${sum.cost} at ` +
        `${profitPercent} % profit`,
    );
  await check('the trace costs what it is known to cost', () => {
    for (const { name, cost } of sums) same(`cost of ${name}`, cost, known[name]);
  });
  await withPlatform(async (platform) => {
    await check(names[0], () => importOnce(platform, files, sums));
    await check(names[1], () => importAgain(platform, files, sums));
    await check(`${names[3]}, running`, () => noDrift(platform, total.rows));
    await check('the chain of seals holds', () => chainHolds(platform));
  });
  await withPlatform(async (platform) => {
    await check(names[2], () => importOverKill(platform, files, total));
    await check(`${names[3]}, after the kill`, () => noDrift(platform, total.rows));
  });
}

/** The sums of a file, read without the platform's code: ceil(ceil(output / 4) × (1 + P / 100)) a row. */
function sumsOf(file) {
  const [header, ...lines] = readFileSync(file, 'utf8')
    .split(/\r?\n/)
    .filter((line) => line !== '');
  const columns = header.split(',');
  const [input, output] = ['ContextTokens', 'GeneratedTokens'].map((name) => columns.indexOf(name));
  const sum = { name: file.split('/').at(-1), rows: lines.length, input: 0n, output: 0n, cost: 0n };
  for (const line of lines) {
    const cells = line.split(',');
    const generated = BigInt(cells[output]);
    sum.input += BigInt(cells[input]);
    sum.output += generated;
    sum.cost += ceilDiv(ceilDiv(generated, 4n) * (100n + profitPercent), 100n);
  }
  return sum;
}

const ceilDiv = (amount, by) => (amount + by - 1n) / by;
const addUp = (sums) =>
  sums.reduce((all, { rows, cost }) => ({ rows: all.rows + rows, cost: all.cost + cost }), { rows: 0, cost: 0n });

async function withPlatform(work) {
  const dataDir = mkdtempSync(join(tmpdir(), 'tollgate-long-'));
  const platform = new Embedded(dataDir);
  try {
    await platform.start();
    await platform.call('POST', '/api/admin/catalog/rate-cards', {
      content: { profit_percent: Number(profitPercent) },
    });
    await platform.call('POST', '/v1/accounts', account);
    await work(platform);
  } finally {
    await platform.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function importOnce(platform, files, sums) {
  const started = performance.now();
  const { files: summaries } = JSON.parse(succeeded(await platform.cli('import', ...files, ...mapping)));
  const seconds = (performance.now() - started) / 1000;
  for (const [index, sum] of sums.entries()) {
    const summary = summaries[index];
    same(`${sum.name}: rows booked`, summary.booked, sum.rows);
    same(`${sum.name}: input tokens`, summary.input_tokens, sum.input);
    same(`${sum.name}: output tokens`, summary.output_tokens, sum.output);
    same(`${sum.name}: sum of the entries`, -BigInt(summary.amount_booked), sum.cost);
  }
  const { rows, cost } = addUp(sums);
  await booksSay(platform, { rows, cost });
  return `${rows} rows in ${seconds.toFixed(1)} s`;
}

async function importAgain(platform, files, sums) {
  const { files: summaries } = JSON.parse(succeeded(await platform.cli('import', ...files, ...mapping)));
  for (const [index, sum] of sums.entries()) {
    same(`${sum.name}: rows booked again`, summaries[index].booked, 0);
    same(`${sum.name}: rows known`, summaries[index].duplicates, sum.rows);
    same(`${sum.name}: their entries`, -BigInt(summaries[index].amount_duplicates), sum.cost);
  }
  await booksSay(platform, addUp(sums));
}

/** SIGKILL once half of the rows are booked, a fresh start on the same folder, and the same import again. */
async function importOverKill(platform, files, total) {
  const running = platform.startCli('import', ...files, ...mapping);
  const half = BigInt(Math.floor(total.rows / 2));
  while ((await entriesOf(platform)) < half) {
    if (running.exited())
      throw new Error(`the import ended before half of it was booked:\n${(await running.ended).output}`);
    await new Promise((done) => setTimeout(done, 20));
  }
  await platform.kill();
  running.child.kill('SIGKILL');
  await running.ended;
  await platform.start();
  const before = await entriesOf(platform);
  if (before >= BigInt(total.rows)) throw new Error('everything was booked before the kill: nothing was proved');
  succeeded(await platform.cli('import', ...files, ...mapping));
  await booksSay(platform, total);
  return `killed with ${before} of ${total.rows} rows booked`;
}

/** Number of usage entries of the account: its sequence without the opening. */
const entriesOf = async (platform) => BigInt((await platform.call('GET', '/v1/accounts/trace')).as_of.seq) - 1n;

/** The account, and the sum over its exported entries, say what the files say. */
async function booksSay(platform, { rows, cost }) {
  const view = await platform.call('GET', '/v1/accounts/trace');
  same('balance', BigInt(view.balance), -cost);
  const entries = succeeded(await platform.cli('export', 'trace'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const spent = entries.filter(({ amount }) => amount !== '0');
  same('entries of usage', entries.length - 1, rows);
  same(
    'sum of all entries',
    spent.reduce((sum, { amount }) => sum + BigInt(amount), 0n),
    -cost,
  );
  same(
    'requests, each once',
    new Set(entries.map(({ source, request_id: id, ordinal }) => `${source} ${id} ${ordinal}`)).size,
    rows + 1,
  );
}

async function noDrift(platform, rows) {
  const report = JSON.parse(succeeded(await platform.cli('rebuild', '--check')));
  same('drifts', report.drifts.length, 0);
  if (report.records < rows) throw new Error(`only ${report.records} records were decided again`);
  return `${report.entries} entries folded, ${report.records} records decided again`;
}

async function chainHolds(platform) {
  const report = JSON.parse(succeeded(await platform.cli('verify-chain')));
  same('problems', report.problems.length, 0);
  return `${report.seals} seals over ${report.entries} entries`;
}

function succeeded({ code, output, errors }) {
  if (code !== 0) throw new Error(`the command ended with ${code}:\n${errors || output}`);
  return output;
}

function same(what, found, expected) {
  if (String(found) !== String(expected)) throw new Error(`${what}: ${found}, expected ${expected}`);
}
