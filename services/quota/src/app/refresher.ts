import { type Loop, startPeriodic } from '@tollgate/service-kit';

import type { Quotas } from './quotas.ts';

/** How often due refreshes are looked for, by the platform's clock. */
const tickMs = 500;
/** Concurrent refreshes, so that a provider that returns does not get all tokens at once. */
const inFlightMax = 4;

/** Keeps tokens in use fresh in the background. */
export const startRefresher = (quotas: Quotas, onFailure: (error: unknown) => void): Loop =>
  startPeriodic({
    everyMs: tickMs,
    onFailure,
    work: async (stopped) => {
      const waiting = quotas.due().values();
      const worker = async (): Promise<void> => {
        for (const token of waiting) {
          if (stopped.aborted) return;
          await quotas.refresh(token).catch(onFailure);
        }
      };
      await Promise.all(Array.from({ length: inFlightMax }, worker));
    },
  });
