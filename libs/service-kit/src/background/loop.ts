import { rest } from './rest.ts';

/** Work that repeats until stopped. */
export type Loop = {
  /** Something may be waiting: the next round begins at once. */
  wake(): void;
  /** Resolves when the round under way has ended. */
  stop(): Promise<void>;
};

const failedMs = 1_000;

/**
 * Runs `round` again and again; it answers how long to rest. A round that fails is reported and tried again after a
 * second. Rounds never overlap. A resting loop does not keep the process alive.
 */
export function startLoop(parts: {
  readonly round: (stopped: AbortSignal) => Promise<number>;
  readonly onFailure: (error: unknown) => void;
  /** Before the first round; default: none. */
  readonly firstMs?: number;
}): Loop {
  const stopping = new AbortController();
  let sleep = new AbortController();
  let woken = false;

  const resting = async (ms: number): Promise<void> => {
    if (woken || ms === 0 || stopping.signal.aborted) return;
    sleep = new AbortController();
    await rest(ms, sleep.signal, { ref: false });
  };
  const run = async (): Promise<void> => {
    if (parts.firstMs !== undefined) await resting(parts.firstMs);
    while (!stopping.signal.aborted) {
      woken = false;
      const pauseMs = await parts.round(stopping.signal).catch((error: unknown) => {
        parts.onFailure(error);
        return failedMs;
      });
      await resting(pauseMs);
    }
  };
  const running = run();
  return {
    wake: () => {
      woken = true;
      sleep.abort();
    },
    stop: async () => {
      stopping.abort();
      sleep.abort();
      await running;
    },
  };
}

/** Does `work` every `everyMs`, for the first time after that time; never twice at once, and again after a failure. */
export const startPeriodic = (parts: {
  readonly everyMs: number;
  readonly work: (stopped: AbortSignal) => Promise<void> | void;
  readonly onFailure: (error: unknown) => void;
}): Loop =>
  startLoop({
    firstMs: parts.everyMs,
    round: async (stopped) => {
      try {
        await parts.work(stopped);
      } catch (error) {
        parts.onFailure(error);
      }
      return parts.everyMs;
    },
    onFailure: parts.onFailure,
  });
