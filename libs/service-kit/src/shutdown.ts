import { ConfigError } from './config.ts';

/** EX_CONFIG of sysexits.h (running.md §2). */
const exitConfig = 78;
/**
 * Ctrl-C reaches a process directly and through npm: what comes within this time of the first signal is the same wish.
 */
const sameSignalMs = 2_000;
/** A service has this long to drain; the promise is 10 s from the signal to the exit. */
const drainMs = 9_500;

export type Shutdown = {
  /** What must be closed, last registered first. Registered after the stop began: closed at once. */
  onStop(name: string, close: () => Promise<void>): void;
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Stops as a signal would; `code` is the exit code. */
  stop(reason: string, code?: number): void;
};

type Step = { readonly name: string; readonly close: () => Promise<void> };

/**
 * SIGTERM and SIGINT as running.md §2 promises: the first drains and exits 0 within 10 s, those within 2 s of it count
 * as one with it, a later one exits at once. `say` tells the operator.
 */
export function createShutdown(say: (line: string) => void): Shutdown {
  const steps: Step[] = [];
  const stopping = new AbortController();
  let firstAt = 0;
  let exitCode = 0;

  const closeStep = async ({ name, close }: Step): Promise<void> => {
    try {
      await close();
    } catch (error) {
      exitCode = 1;
      say(`closing ${name} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const drain = async (): Promise<void> => {
    const overdue = setTimeout(() => {
      say('not everything could be closed in time; what was answered is safe');
      process.exit(1);
    }, drainMs);
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) await closeStep(step);
    clearTimeout(overdue);
    process.exit(exitCode);
  };
  const stop = (reason: string, code = 0): void => {
    if (stopping.signal.aborted) return;
    firstAt = performance.now();
    exitCode = code;
    say(reason);
    stopping.abort();
    void drain();
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!stopping.signal.aborted) return stop(`${signal}: stopping`);
    if (performance.now() - firstAt > sameSignalMs) process.exit(130);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  return {
    onStop: (name, close) => {
      steps.push({ name, close });
      // The drain may have passed this point already.
      if (stopping.signal.aborted) void closeStep(steps.pop() ?? { name, close });
    },
    signal: stopping.signal,
    stop,
  };
}

/**
 * Runs a service's main: a configuration error exits 78 with every problem, any other failure 1, each said on stderr.
 */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`${error.message}\n`);
      process.exit(exitConfig);
    }
    process.stderr.write(
      `${portTrouble(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`,
    );
    process.exit(1);
  }
}

/** What to do about an address that cannot be listened on, in one line; null: it is something else. */
export function portTrouble(error: unknown): string | null {
  const { code, address, port } = (error ?? {}) as { code?: unknown; address?: unknown; port?: unknown };
  const where = `${String(address)}:${String(port)}`;
  if (code === 'EADDRINUSE') return `${where} is in use by another program: stop that one, or choose another PORT.`;
  if (code === 'EACCES' && port !== undefined)
    return `${where} may not be listened on by this user: choose a PORT above 1023.`;
  if (code === 'EADDRNOTAVAIL') return `${where} is no address of this machine: see HOST.`;
  return null;
}
