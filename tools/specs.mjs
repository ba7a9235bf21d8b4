// The specs of one project, as Nx runs them (`nx test <project>`): one jest process on servers of its own. What jest
// found goes to .cache/specs/<project folder>.json, for `npm test` to sum up. A project whose jest.config.js knows
// halves can be run by halves, each a process: `node tools/specs.mjs <project folder>#first`. Further arguments go to
// jest.
// Exit code 0: all passed, and nothing was left open.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** jest has written its result but something keeps the process alive: a leak, which is a failure. */
const leakWaitMs = 30_000;

const [target = '', ...others] = process.argv.slice(2);
const [project, half] = target.split('#');
if (project === '') throw new Error('usage: node tools/specs.mjs <project folder>[#first|#second] [arguments of jest]');
const outputFile = join(root, '.cache', 'specs', `${half === undefined ? project : `${project}-${half}`}.json`);
mkdirSync(dirname(outputFile), { recursive: true });
rmSync(outputFile, { force: true });

const jest = spawn(
  process.execPath,
  [
    ...['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules', 'jest', 'bin', 'jest.js')],
    ...['--runInBand', '--passWithNoTests', '-c', join(project, 'jest.config.js')],
    ...['--json', `--outputFile=${outputFile}`, ...others],
  ],
  // The JSON that also goes to stdout is not wanted twice; progress comes on stderr.
  { cwd: root, env: { ...process.env, SPECS_HALF: half ?? '' }, stdio: ['ignore', 'ignore', 'inherit'] },
);
const ended = new Promise((resolve) => {
  jest.on('error', () => resolve(1));
  jest.on('exit', (code) => resolve(code ?? 1));
});
process.exitCode = await Promise.race([ended, leak()]);

async function leak() {
  while (!isWritten()) await delay(500, undefined, { ref: false });
  await delay(leakWaitMs, undefined, { ref: false });
  process.stderr.write(`${target}: the specs have ended, and something that they opened keeps the process alive\n`);
  jest.kill('SIGTERM');
  return 1;
}

function isWritten() {
  try {
    return JSON.parse(readFileSync(outputFile, 'utf8')) !== null;
  } catch {
    return false;
  }
}
