import type { Quotas } from './quotas.ts';

export type Refresher = { stop(): Promise<void> };

/** The platform's clock is looked at this often. */
const tickMs = 500;
/** Refreshes under way at once: a provider that comes back is not met by all tokens together. */
const inFlightMax = 4;

/** Keeps tokens in use fresh in the background. */
export function startRefresher(quotas: Quotas, onFailure: (error: unknown) => void): Refresher {
  let round: Promise<void> | null = null;
  let stopped = false;
  const timer = setInterval(() => {
    round ??= refreshDue()
      .catch(onFailure)
      .finally(() => {
        round = null;
      });
  }, tickMs);
  timer.unref();

  async function refreshDue(): Promise<void> {
    const waiting = quotas.due().values();
    const worker = async (): Promise<void> => {
      for (const token of waiting) {
        if (stopped) return;
        await quotas.refresh(token).catch(onFailure);
      }
    };
    await Promise.all(Array.from({ length: inFlightMax }, worker));
  }

  return {
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await round;
    },
  };
}
