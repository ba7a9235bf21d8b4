// Brings a checkout to the point where it can run: packages as the lockfile says, sources built. Runs on Node 20 and
// nothing but Node, says what it does, and is quick when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const installStamp = join(modules, '.tollgate-installed');
const buildStamp = join(modules, '.cache', 'tollgate-built');

/** Installs and builds where needed. @throws Error saying what failed; the tool's own output was shown. */
export function setUp() {
  install();
  build();
}

function install() {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const wanted = hashOf([lock, process.platform, process.arch]);
  if (readIf(installStamp) === wanted) return;
  if (!isInstalled(JSON.parse(lock))) {
    say('Installing packages (npm ci) …');
    // Without our own bin folder: npm replaces it, the Node in it included. With the development packages whatever
    // NODE_ENV says.
    const path = (process.env.PATH ?? '')
      .split(delimiter)
      .filter((folder) => !folder.startsWith(modules))
      .join(delimiter);
    run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], { ...process.env, PATH: path });
  }
  writeFileSync(installStamp, wanted);
}

/** Whether npm installed just this lockfile, whoever called it: npm keeps its own note in node_modules. */
function isInstalled(lock) {
  const note = readIf(join(modules, '.package-lock.json'));
  if (note === undefined) return false;
  const there = JSON.parse(note).packages;
  return Object.entries(lock.packages).every(
    ([path, { version, link, optional }]) =>
      path === '' ||
      !path.startsWith('node_modules/') ||
      optional ||
      (link ? existsSync(join(root, path)) : there[path]?.version === version),
  );
}

function build() {
  const sources = ['libs', 'services'].flatMap((folder) => projectsIn(folder)).flatMap(filesOf);
  const facts = ['tsconfig.base.json', 'tsconfig.json', ...sources].map((file) => {
    const { mtimeMs, size } = statSync(join(root, file));
    return `${file} ${mtimeMs} ${size}`;
  });
  const wanted = hashOf([readFileSync(installStamp, 'utf8'), ...facts]);
  if (readIf(buildStamp) === wanted && existsSync(join(root, 'services/platform/dist/main.js'))) return;
  say('Building (tsc -b) …');
  run(process.execPath, [join(modules, 'typescript', 'bin', 'tsc'), '-b'], process.env);
  mkdirSync(dirname(buildStamp), { recursive: true });
  writeFileSync(buildStamp, wanted);
}

function projectsIn(folder) {
  return readdirSync(join(root, folder))
    .map((name) => join(folder, name))
    .filter((path) => existsSync(join(root, path, 'tsconfig.json')));
}

function filesOf(project) {
  const sources = readdirSync(join(root, project, 'src'), { recursive: true, withFileTypes: true });
  return [
    join(project, 'tsconfig.json'),
    ...sources
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1)),
  ].sort();
}

function run(command, args, env) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed (${error?.message ?? signal ?? `exit code ${status}`})`);
}

const say = (line) => process.stderr.write(`${line}\n`);
const readIf = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
const hashOf = (parts) => createHash('sha256').update(parts.join('\n')).digest('hex');

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    setUp();
  } catch (error) {
    say(error.message);
    process.exit(1);
  }
}
