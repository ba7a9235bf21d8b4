// `npm test`: the layout, lint with its boundary fixtures, the type check, then every spec in one jest process, on real PostgreSQL
// and real Kafka. The last line is `N passed, N failed`, with `, N skipped` when some were; it counts the checks too.
// Arguments go to jest: `npm test -- libs/pricing`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (...path) => join(root, 'node_modules', ...path);
const count = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

/** jest has printed its results but something keeps the process alive: a leak, which is a failure. */
const leakWaitMs = 30_000;

await check('layout', bin('prettier', 'bin', 'prettier.cjs'), '--check', '.');
await check('lint', bin('nx', 'dist', 'bin', 'nx.js'), 'run-many', '-t', 'lint');
await check('boundary fixtures are refused', join(root, 'tools', 'lint-fixtures.mjs'));
await check('type check', bin('typescript', 'bin', 'tsc'), '-p', 'tsconfig.spec.json');
await specs();

if (failures.length > 0) process.stdout.write(`\nFailed: ${failures.join(', ')}\n`);
const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
process.stdout.write(`\n${count.passed} passed, ${count.failed} failed${skipped}\n`);
process.exitCode = count.failed > 0 ? 1 : 0;

async function check(name, program, ...args) {
  process.stdout.write(`\n── ${name}\n`);
  const code = await run([program, ...args]).done;
  tell(name, code === 0);
}

async function specs() {
  process.stdout.write('\n── specs\n');
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-test-'));
  const outputFile = join(folder, 'jest.json');
  const args = [
    '--experimental-vm-modules',
    '--no-warnings',
    bin('jest', 'bin', 'jest.js'),
    '--runInBand',
    '--json',
    `--outputFile=${outputFile}`,
  ];
  try {
    const jest = run([...args, ...process.argv.slice(2)], { stdout: 'ignore' });
    const code = await Promise.race([jest.done, leakOf(outputFile, jest)]);
    const result = resultOf(outputFile);
    if (result === undefined) return tell('jest itself', false);
    count.passed += result.numPassedTests;
    count.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
    count.skipped += result.numPendingTests + result.numTodoTests;
    if (!result.success) failures.push('specs');
    // A failure outside of the specs: the set-up, the teardown, something left open.
    if (result.success && code !== 0)
      tell(code === 'leak' ? 'specs leave nothing open' : 'set-up and teardown of the specs', false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Resolves to 'leak' when jest has written its result and does not end. */
async function leakOf(outputFile, jest) {
  for (let left = leakWaitMs; left > 0 && !jest.ended; left -= 500) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    if (resultOf(outputFile) === undefined) left = leakWaitMs + 500;
  }
  if (jest.ended) return jest.done;
  jest.child.kill('SIGTERM');
  return 'leak';
}

function resultOf(outputFile) {
  try {
    return JSON.parse(readFileSync(outputFile, 'utf8'));
  } catch {
    return undefined;
  }
}

function tell(name, ok) {
  count[ok ? 'passed' : 'failed']++;
  if (!ok) failures.push(name);
  process.stdout.write(`${ok ? '✓' : '✗'} ${name}\n`);
}

/** Runs a program on this Node; jest's own progress comes on stderr, its JSON on stdout is not wanted twice. */
function run(args, { stdout = 'inherit' } = {}) {
  const env = { ...process.env, PATH: `${bin('.bin')}:${process.env.PATH ?? ''}`, NX_TUI: 'false' };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', stdout, 'inherit'] });
  const running = { child, ended: false, done: undefined };
  running.done = new Promise((resolve) => {
    child.on('error', () => resolve(1));
    child.on('exit', (code) => {
      running.ended = true;
      resolve(code ?? 1);
    });
  });
  return running;
}
