import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * A child process that ends with its parent, also when the parent is killed (on Linux, through `setpriv --pdeathsig`).
 */
export type BoundProcess = {
  readonly pid: number;
  /** Resolves with a short account of how it ended. */
  readonly ended: Promise<string>;
  readonly running: () => boolean;
  signal(name: NodeJS.Signals): void;
  /** What it printed so far, for messages of failed starts. */
  output(): string;
};

export type BoundOptions = {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** File that takes stdout and stderr. */
  readonly logFile: string;
  /** Sent by the kernel when the parent dies. */
  readonly deathSignal: 'KILL' | 'INT';
  /**
   * Run as an unprivileged user when this process is root (PostgreSQL refuses root). `reach`: what that user must read.
   */
  readonly unprivileged?: { readonly reach: readonly string[] };
};

const setpriv = '/usr/bin/setpriv';

/** The command line that starts `command` bound to its parent, as an unprivileged user when asked for and needed. */
export function boundCommand(
  command: readonly string[],
  options: Pick<BoundOptions, 'deathSignal' | 'unprivileged'>,
): readonly string[] {
  const death = existsSync(setpriv) ? [setpriv, `--pdeathsig=${options.deathSignal}`] : [];
  if (options.unprivileged === undefined || process.getuid?.() !== 0) {
    return death.length === 0 ? command : [...death, '--', ...command];
  }
  if (options.unprivileged.reach.every(reachableByAll)) {
    return [...death, '--reuid=nobody', '--regid=nogroup', '--clear-groups', '--', ...command];
  }
  // Below a home folder of mode 0700: a user namespace, in which root's files stay readable under another number.
  return ['unshare', '--user', '--map-user=65534', '--map-group=65534', ...death, '--', ...command];
}

/** Whether root would hand files to `nobody` for such a command (else a user namespace keeps them root's own). */
export const runsAsNobody = (reach: readonly string[]): boolean =>
  process.getuid?.() === 0 && reach.every(reachableByAll);

/** Starts a process that ends with this one; its output goes to `options.logFile`. */
export function startBound(command: readonly string[], options: BoundOptions): BoundProcess {
  const [program = '', ...args] = boundCommand(command, options);
  const log = openSync(options.logFile, 'a', 0o644);
  const child: ChildProcess = spawn(program, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: options.env ?? process.env,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let running = true;
  const ended = new Promise<string>((resolve) => {
    const end = (how: string): void => {
      running = false;
      resolve(how);
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
  });
  child.unref();
  return {
    pid: child.pid ?? -1,
    ended,
    running: () => running,
    signal: (name) => {
      if (running) child.kill(name);
    },
    output: () => readFileSync(options.logFile, 'utf8'),
  };
}

/** Runs a command to its end. @throws Error with its output when it fails. */
export async function runBound(command: readonly string[], options: BoundOptions): Promise<void> {
  const child = startBound(command, options);
  const alive = setInterval(() => {}, 1_000);
  const how = await child.ended;
  clearInterval(alive);
  if (how !== 'exit code 0') throw new Error(`${command[0]}: ${how}\n${child.output().slice(-4_000)}`);
}

/** Ends a process: `signal`, and SIGKILL after `patienceMs`. */
export async function endBound(child: BoundProcess, signal: NodeJS.Signals, patienceMs: number): Promise<void> {
  child.signal(signal);
  const timer = setTimeout(() => child.signal('SIGKILL'), patienceMs);
  await child.ended;
  clearTimeout(timer);
}

function reachableByAll(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    for (let folder = path; ; folder = dirname(folder)) {
      if ((statSync(folder).mode & 0o001) === 0) return false;
      if (folder === dirname(folder)) return true;
    }
  } catch {
    return false;
  }
}
