import { setTimeout as delay } from 'node:timers/promises';

/** Work that repeats until stopped. */
export type Loop = {
  /** Something may be waiting: the next round begins at once. */
  wake(): void;
  /** Resolves when the round under way has ended. */
  stop(): Promise<void>;
};

const failedMs = 1_000;

/**
 * Runs `round` again and again; it answers how long to rest. A round that fails is told and tried again after a second.
 */
export function startLoop(parts: {
  readonly round: (stopped: AbortSignal) => Promise<number>;
  readonly onFailure: (error: unknown) => void;
}): Loop {
  const stopping = new AbortController();
  let sleep = new AbortController();
  let woken = false;

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      woken = false;
      const pauseMs = await parts.round(stopping.signal).catch((error: unknown) => {
        parts.onFailure(error);
        return failedMs;
      });
      if (woken || pauseMs === 0 || stopping.signal.aborted) continue;
      sleep = new AbortController();
      await delay(pauseMs, undefined, { signal: sleep.signal }).catch(() => undefined);
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
