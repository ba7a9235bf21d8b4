// Runs one of our programs on the Node of node_modules: `node tools/start.mjs [program] [arguments]`, by default the
// platform. Without a child process, so that signals reach it whoever sends them; on an older Node (a first start,
// before anything was installed) as a child that gets our signals and gives us its exit code.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setUp } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const programs = {
  platform: 'services/platform/dist/main.js',
  tollgate: 'services/platform/dist/cli/main.js',
  gateway: 'services/gateway/dist/main.js',
  ledger: 'services/ledger/dist/main.js',
  quota: 'services/quota/dist/main.js',
  billing: 'services/billing/dist/main.js',
  optimizer: 'services/optimizer/dist/main.js',
};

const [name = 'platform', ...args] = process.argv.slice(2);
const program = programs[name];
if (program === undefined) fail(`no program ${name}: ${Object.keys(programs).join(', ')}`);
try {
  setUp();
} catch (error) {
  fail(error.message);
}

const nodeNeeded = 24;
if (Number(process.versions.node.split('.')[0]) >= nodeNeeded) {
  enableCompileCache(join(root, 'node_modules', '.cache', 'compiled'));
  process.argv = [process.argv[0], join(root, program), ...args];
  await import(pathToFileURL(join(root, program)).href);
} else {
  runAsChild(newerNode());
}

function newerNode() {
  const link = join(root, 'node_modules', '.bin', 'node');
  if (!existsSync(link))
    fail(
      `Node ${nodeNeeded} or newer is needed; this is ${process.version}, and there is none for this machine in ` +
        `node_modules`,
    );
  return realpathSync(link);
}

function runAsChild(node) {
  const bin = join(root, 'node_modules', '.bin');
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}` };
  const child = spawn(node, [...process.execArgv, fileURLToPath(import.meta.url), name, ...args], {
    stdio: 'inherit',
    env,
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
