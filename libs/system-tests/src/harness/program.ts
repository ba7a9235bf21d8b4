import { existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { type BoundProcess, endBound, startBound } from '@tollgate/testing';

const root = join(import.meta.dirname, '..', '..', '..', '..');
const programs = {
  platform: 'services/platform/dist/main.js',
  cli: 'services/platform/dist/cli/main.js',
  gateway: 'services/gateway/dist/main.js',
  ledger: 'services/ledger/dist/main.js',
  billing: 'services/billing/dist/main.js',
  quota: 'services/quota/dist/main.js',
  optimizer: 'services/optimizer/dist/main.js',
} as const;
export type ProgramName = keyof typeof programs;
export type Variables = Readonly<Record<string, string>>;

/** A folder for what the programs of one spec write; nothing of the checkout or of the user's settings is in reach. */
export const workFolder = (): string => mkdtempSync(join(tmpdir(), 'tollgate-system-'));
export const removeFolder = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 5 });

/** One of our programs as a real process, by its environment alone; it ends with the tests, however they end. */
export class Program {
  readonly name: string;
  readonly #command: readonly string[];
  readonly #env: Variables;
  readonly #logFile: string;
  #process: BoundProcess | null = null;

  constructor(options: {
    readonly program: ProgramName;
    readonly args?: readonly string[];
    readonly name?: string;
    readonly env: Variables;
    readonly logFile: string;
  }) {
    const { program, args = [], env, logFile } = options;
    const file = join(root, programs[program]);
    if (!existsSync(file)) throw new Error(`${programs[program]} is missing: run tsc -b first (npm test does)`);
    this.name = options.name ?? program;
    this.#command = [process.execPath, '--enable-source-maps', file, ...args];
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      LOG_LEVEL: 'warn',
      NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'),
      ...env,
    };
    this.#logFile = logFile;
  }

  get pid(): number {
    return this.#running.pid;
  }
  get running(): boolean {
    return this.#process?.running() ?? false;
  }

  start(): void {
    if (this.running) throw new Error(`${this.name} runs already`);
    this.#process = startBound(this.#command, {
      env: { ...this.#env },
      cwd: dirname(this.#logFile),
      logFile: this.#logFile,
      deathSignal: 'KILL',
    });
  }
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void> {
    return endBound(this.#running, 'SIGKILL', 1_000);
  }
  pause(): void {
    this.#running.signal('SIGSTOP');
  }
  resume(): void {
    this.#running.signal('SIGCONT');
  }
  /** SIGTERM, as operators stop it. A repeat, and one that never ran, are fine. */
  async stop(): Promise<void> {
    if (this.#process === null) return;
    this.#process.signal('SIGCONT');
    await endBound(this.#process, 'SIGTERM', 12_000);
  }
  /** Resolves with how it ended. */
  ended(): Promise<string> {
    return this.#running.ended;
  }
  /** What it printed, over all its starts. */
  output(): string {
    return this.#process?.output() ?? '';
  }

  get #running(): BoundProcess {
    if (this.#process === null) throw new Error(`${this.name} was not started`);
    return this.#process;
  }
}

let runs = 0;

/** Runs the operator's command line to its end. */
export async function runCli(options: {
  readonly args: readonly string[];
  readonly env: Variables;
  readonly folder: string;
}): Promise<{ readonly how: string; readonly output: string }> {
  const logFile = join(options.folder, `cli-${++runs}.log`);
  const program = new Program({ program: 'cli', args: options.args, env: options.env, logFile });
  program.start();
  const alive = setInterval(() => undefined, 1_000);
  const how = await program.ended();
  clearInterval(alive);
  return { how, output: program.output() };
}
