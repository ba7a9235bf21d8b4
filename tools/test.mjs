// `npm test`: the layout, circles, unused code, documents, lint with its boundary fixtures, the type check, then every
// spec, on real PostgreSQL and real Kafka. The last line is `N passed, N failed`, with `, N skipped` when some were; it
// counts the checks too. All run as targets of Nx, two at a time: `nx affected -t lint test` runs what a change can
// break. Arguments are patterns of spec files, for one jest process: `npm test -- libs/pricing`.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (...path) => join(root, 'node_modules', ...path);
const nx = bin('nx', 'dist', 'bin', 'nx.js');
const count = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const patterns = process.argv.slice(2);

await check('layout', nx, 'run', 'tollgate:layout');
await check('no import goes in a circle', nx, 'run', 'tollgate:structure');
await check('nothing is exported or depended on for nothing', nx, 'run', 'tollgate:unused');
await check('documents name files that are there', nx, 'run', 'tollgate:docs');
await check('lint', nx, 'run-many', '-t', 'lint');
await check('boundary fixtures are refused', join(root, 'tools', 'lint-fixtures.mjs'));
await check('type check', nx, 'run', 'tollgate:typecheck');
await (patterns.length > 0 ? chosen() : specs());

if (failures.length > 0) process.stdout.write(`\nFailed: ${failures.join(', ')}\n`);
const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
process.stdout.write(`\n${count.passed} passed, ${count.failed} failed${skipped}\n`);
process.exitCode = count.failed > 0 ? 1 : 0;

async function check(name, program, ...args) {
  process.stdout.write(`\n── ${name}\n`);
  tell(name, (await run([program, ...args])) === 0);
}

/** Each project in a process of its own. In CI every spec runs, whatever an earlier run has left in the cache. */
async function specs() {
  process.stdout.write('\n── specs\n');
  const results = join(root, '.cache', 'specs');
  rmSync(results, { recursive: true, force: true });
  const cache = process.env.CI === 'true' ? ['--skip-nx-cache'] : [];
  const code = await run([nx, 'run-many', '-t', 'test', '--parallel=2', '--output-style=stream', ...cache]);
  let failed = false;
  for (const file of readdirSync(results, { recursive: true }).filter((name) => name.endsWith('.json')))
    failed = !add(file.slice(0, -'.json'.length), join(results, file)) || failed;
  // A failure outside of the specs: the set-up, the teardown, something left open, a project without a result.
  if (code !== 0 && !failed) tell('set-up and teardown of the specs; specs leave nothing open', false);
}

async function chosen() {
  process.stdout.write(`\n── specs of ${patterns.join(' ')}\n`);
  const output = join(root, '.cache', 'specs.json');
  const args = ['--experimental-vm-modules', '--no-warnings', bin('jest', 'bin', 'jest.js'), '--runInBand'];
  const code = await run([...args, `--json`, `--outputFile=${output}`, ...patterns], { stdout: 'ignore' });
  if (add('specs', output) && code !== 0) tell('set-up and teardown of the specs', false);
}

/** Counts what jest found. */
function add(name, file) {
  let result;
  try {
    result = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    tell(`specs of ${name}: jest itself`, false);
    return false;
  }
  count.passed += result.numPassedTests;
  count.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  count.skipped += result.numPendingTests + result.numTodoTests;
  if (!result.success) failures.push(`specs of ${name}`);
  return result.success;
}

function tell(name, ok) {
  count[ok ? 'passed' : 'failed']++;
  if (!ok) failures.push(name);
  process.stdout.write(`${ok ? '✓' : '✗'} ${name}\n`);
}

/** Runs a program on this Node; answers its exit code. */
function run(args, { stdout = 'inherit' } = {}) {
  const env = { ...process.env, PATH: `${bin('.bin')}:${process.env.PATH ?? ''}`, NX_TUI: 'false' };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', stdout, 'inherit'] });
  return new Promise((resolve) => {
    child.on('error', () => resolve(1));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
