// The embedded platform and the operator's commands as real processes, on a data folder of their own; ended by pid,
// whatever happens.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const programs = { platform: 'services/platform/dist/main.js', cli: 'services/platform/dist/cli/main.js' };
/** A start on a data folder that was killed replays what the log holds. */
const startWaitMs = 60_000;

const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

export class Embedded {
  #dataDir;
  /** 0: another one at each start. */
  #port;
  #running = null;
  #url = '';

  constructor(dataDir, { port = 0 } = {}) {
    this.#dataDir = dataDir;
    this.#port = port;
  }

  /** Starts it, or starts it again on the same folder; resolves when it is ready. */
  async start() {
    const running = start(programs.platform, [], this.#env);
    this.#running = running;
    const ready = running.says(/^Ready\s+(\S+)/m, startWaitMs);
    this.#url = (
      await Promise.race([
        ready,
        running.ended.then(({ code, errors, output }) => {
          throw new Error(`the platform ended with ${code}:\n${errors || output}`);
        }),
      ])
    )[1];
  }

  /** SIGKILL, as a machine that loses power would end it. */
  async kill() {
    this.#running.child.kill('SIGKILL');
    await this.#running.ended;
  }

  async stop() {
    if (this.#running === null || this.#running.exited()) return;
    this.#running.child.kill('SIGTERM');
    await this.#running.ended;
  }

  get url() {
    return this.#url;
  }

  /** A generated secret, by the name of its file. */
  secret(name) {
    return readFileSync(join(this.#dataDir, 'secrets', name), 'utf8').trim();
  }

  /** A request with the server key. @throws Error for anything but 2xx. */
  async call(method, path, body) {
    const headers = { 'content-type': 'application/json', 'x-server-api-key': this.secret('server-api-key') };
    const response = await fetch(this.#url + path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return JSON.parse(text);
  }

  /** Runs an operator's command with --json to its end. */
  cli(...args) {
    return this.startCli(...args).ended;
  }
  startCli(...args) {
    return start(programs.cli, [...args, '--json'], this.#env);
  }

  get #env() {
    const { PATH, HOME, TMPDIR } = process.env;
    const own = { DATA_DIR: this.#dataDir, PORT: String(this.#port), LOG_LEVEL: 'warn' };
    return Object.fromEntries(
      Object.entries({ PATH, HOME, TMPDIR, ...own }).filter(([, value]) => value !== undefined),
    );
  }
}

function start(program, args, env) {
  // In the data folder, where no .env of the checkout is in reach.
  const child = spawn(process.execPath, ['--no-warnings', join(root, program), ...args], {
    env,
    cwd: env.DATA_DIR,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  const said = { output: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk) => (said.output += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => (said.errors += chunk));
  const ended = once(child, 'close').then(([code, signal]) => {
    children.delete(child);
    return { code: code ?? signal, ...said };
  });
  const says = async (pattern, waitMs) => {
    for (
      const deadline = Date.now() + waitMs;
      Date.now() < deadline && child.exitCode === null && child.signalCode === null;
    ) {
      const found = pattern.exec(said.output);
      if (found !== null) return found;
      await new Promise((done) => setTimeout(done, 50));
    }
    if (child.exitCode !== null || child.signalCode !== null) await ended;
    throw new Error(`the platform said nothing like ${pattern} in ${waitMs} ms:\n${said.errors || said.output}`);
  };
  return { child, ended, says, exited: () => child.exitCode !== null || child.signalCode !== null };
}
