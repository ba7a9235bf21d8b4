import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { AppError } from '@tollgate/kernel';

import type { Images } from '../../app/ports.ts';
import type { Work, WorkResult } from './work.ts';

type Waiting = {
  readonly work: Work;
  readonly resolve: (result: WorkResult) => void;
  readonly reject: (error: Error) => void;
};

/** Longer than sharp's own time-outs. A process that is still busy then is killed. */
const workMs = 150_000;
/** The largest image that a header lets through takes some 900 MB to be made a WebP. */
export const memoryDefaultMb = 1_000;
/** An idle process takes about 70 MB, so it ends after this time. */
const idleMs = 30_000;
const script = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url));
/** The heap of a worker. Pixels are outside of it. */
const heapMb = 128;
/** What the newest Node counts as data before it has done anything; the bound on pixels comes on top of it. */
const reservedMb = 640;
/** What a process takes without an image, of which the system counts what is in memory. */
const idleMb = 90;
/** Interval of the memory check. A process can take about 20 MB in that time. */
const lookMs = 20;

/**
 * A shell sets the outer memory bound and then becomes Node; below that bound the process is watched. On systems
 * without either, only the budgets of the header apply. The environment is empty.
 */
function started(memoryMb: number): ChildProcess {
  const node = [process.execPath, `--max-old-space-size=${heapMb}`];
  const options = { env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] as ('ignore' | 'ipc')[] };
  if (process.platform === 'win32') return fork(script, [], { ...options, execArgv: node.slice(1) });
  const bound = `ulimit -d ${(reservedMb + memoryMb) * 1_024} 2>/dev/null; ulimit -c 0 2>/dev/null; exec "$@"`;
  return fork(script, [], { ...options, execPath: '/bin/sh', execArgv: ['-c', bound, 'sh', ...node] });
}

/** A pool of worker processes, each started when there is work for it. */
class Workers {
  readonly #max: number;
  readonly #memoryMb: number;
  readonly #waiting: Waiting[] = [];
  readonly #idle: ChildProcess[] = [];
  readonly #all = new Set<ChildProcess>();
  #closed = false;

  constructor(max: number, memoryMb: number) {
    this.#max = max;
    this.#memoryMb = memoryMb;
  }

  run(work: Work): Promise<WorkResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(stopping());
    await Promise.all(
      [...this.#all].map(
        (worker) =>
          new Promise((resolve) => {
            refer(worker, true);
            worker.once('exit', resolve);
            worker.kill('SIGKILL');
          }),
      ),
    );
  }

  #next(): void {
    if (this.#closed || this.#waiting.length === 0) return;
    const worker = this.#idle.pop() ?? (this.#all.size < this.#max ? this.#started() : undefined);
    const waiting = worker && this.#waiting.shift();
    if (worker && waiting) this.#give(worker, waiting);
  }

  #started(): ChildProcess {
    const worker = started(this.#memoryMb);
    // A process that could not be started emits no exit.
    worker.on('error', () => (worker.pid === undefined ? worker.emit('exit', null, null) : undefined));
    this.#all.add(worker);
    worker.once('exit', () => {
      this.#all.delete(worker);
      const index = this.#idle.indexOf(worker);
      if (index !== -1) this.#idle.splice(index, 1);
      this.#next();
    });
    return worker;
  }

  #give(worker: ChildProcess, { work, resolve, reject }: Waiting): void {
    refer(worker, true);
    const timer = setTimeout(() => void worker.kill('SIGKILL'), workMs);
    const watch = setInterval(() => {
      if (residentMb(worker.pid) > idleMb + this.#memoryMb) worker.kill('SIGKILL');
    }, lookMs);
    const ended = (): void => {
      clearTimeout(timer);
      clearInterval(watch);
      worker.removeAllListeners('message').off('exit', onExit);
    };
    const onExit = (): void => {
      ended();
      reject(this.#closed ? stopping() : new AppError('invalid', 'FILE_INVALID', 'The image cannot be read'));
    };
    worker.once('exit', onExit);
    worker.once('message', (result: WorkResult) => {
      ended();
      this.#rest(worker);
      resolve(result);
    });
    worker.send(work, (error) => {
      if (error === null) return;
      // It ended while idle, which says nothing about this image.
      ended();
      this.#waiting.unshift({ work, resolve, reject });
      this.#next();
    });
  }

  #rest(worker: ChildProcess): void {
    refer(worker, false);
    this.#idle.push(worker);
    const timer = setTimeout(() => {
      if (this.#idle.includes(worker)) void worker.kill('SIGKILL');
    }, idleMs);
    timer.unref();
    this.#next();
  }
}

/** Resident memory of a process in MB; 0 if the system does not report it. */
function residentMb(pid: number | undefined): number {
  try {
    // Read in kB, because page sizes differ.
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return Number(resident ?? 0) / 1_024;
  } catch {
    return 0;
  }
}

/** Whether the worker keeps this process from ending by itself. */
function refer(worker: ChildProcess, keeps: boolean): void {
  if (keeps) {
    worker.ref();
    worker.channel?.ref();
  } else {
    worker.unref();
    worker.channel?.unref();
  }
}

const stopping = (): AppError => new AppError('unavailable', 'OPTIMIZER_UNAVAILABLE', 'the optimizer is stopping');

/**
 * Runs sharp in separate processes with bounded memory: one for checks of uploads, which thus never wait for
 * optimisation, and `atOnce` for the work. Whatever an image does to its process, the platform continues.
 */
export function imageWorkers(atOnce: number, memoryMb = memoryDefaultMb): Images {
  const checks = new Workers(1, memoryMb);
  const jobs = new Workers(atOnce, memoryMb);
  const done = async (running: Promise<WorkResult>) => {
    const result = await running;
    if (!result.done) throw new AppError('invalid', 'FILE_INVALID', result.fault);
    return result;
  };
  return {
    inspect: async (path, format) => void (await done(checks.run({ type: 'inspect', path, format }))),
    optimize: ({ format, quality, webp, from, to, toWebp }) =>
      done(jobs.run({ type: 'optimize', format, quality, webp, from, to, toWebp })),
    close: async () => void (await Promise.all([checks.close(), jobs.close()])),
  };
}
