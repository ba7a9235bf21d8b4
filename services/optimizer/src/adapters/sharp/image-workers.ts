import { Worker } from 'node:worker_threads';
import { AppError } from '@tollgate/kernel';
import type { Images } from '../../app/ports.ts';
import type { Work, WorkResult } from './work.ts';

type Waiting = { readonly work: Work; readonly resolve: (result: WorkResult) => void; readonly reject: (error: Error) => void };

/** Longer than sharp's own time-outs together: a thread that is still busy then is ended. */
const workMs = 150_000;
/** A thread with its libraries takes some 60 MB: without work it ends. */
const idleMs = 30_000;
const script = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

/** So many threads at most, each started when there is work for it. */
class Threads {
  readonly #max: number;
  readonly #waiting: Waiting[] = [];
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  #closed = false;

  constructor(max: number) {
    this.#max = max;
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
    await Promise.all([...this.#all].map((thread) => thread.terminate()));
  }

  #next(): void {
    if (this.#closed || this.#waiting.length === 0) return;
    const thread = this.#idle.pop() ?? (this.#all.size < this.#max ? this.#started() : undefined);
    const waiting = thread && this.#waiting.shift();
    if (thread && waiting) this.#give(thread, waiting);
  }

  #started(): Worker {
    const thread = new Worker(script);
    this.#all.add(thread);
    thread.once('exit', () => {
      this.#all.delete(thread);
      const index = this.#idle.indexOf(thread);
      if (index !== -1) this.#idle.splice(index, 1);
      this.#next();
    });
    return thread;
  }

  #give(thread: Worker, { work, resolve, reject }: Waiting): void {
    thread.ref();
    const timer = setTimeout(() => void thread.terminate(), workMs);
    const ended = (): void => {
      clearTimeout(timer);
      thread.removeAllListeners('message').removeAllListeners('error').off('exit', onExit);
    };
    const onExit = (): void => {
      ended();
      reject(this.#closed ? stopping() : new AppError('invalid', 'FILE_INVALID', 'The image cannot be read'));
    };
    thread.once('exit', onExit);
    // The exit follows.
    thread.on('error', () => undefined);
    thread.once('message', (result: WorkResult) => {
      ended();
      this.#rest(thread);
      resolve(result);
    });
    thread.postMessage(work);
  }

  #rest(thread: Worker): void {
    thread.unref();
    this.#idle.push(thread);
    const timer = setTimeout(() => {
      if (this.#idle.includes(thread)) void thread.terminate();
    }, idleMs);
    timer.unref();
    this.#next();
  }
}

const stopping = (): AppError => new AppError('unavailable', 'OPTIMIZER_UNAVAILABLE', 'the optimizer is stopping');

/** sharp in worker threads: one for the checks of uploads, so that they never wait for the work itself, `atOnce` for that. */
export function imageWorkers(atOnce: number): Images {
  const checks = new Threads(1);
  const jobs = new Threads(atOnce);
  const done = async (running: Promise<WorkResult>) => {
    const result = await running;
    if (!result.done) throw new AppError('invalid', 'FILE_INVALID', result.fault);
    return result;
  };
  return {
    inspect: async (path, format) => void (await done(checks.run({ type: 'inspect', path, format }))),
    optimize: ({ format, quality, webp, from, to, toWebp }) => done(jobs.run({ type: 'optimize', format, quality, webp, from, to, toWebp })),
    close: async () => void (await Promise.all([checks.close(), jobs.close()])),
  };
}
