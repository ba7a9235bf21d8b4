import { type Loop, startPeriodic } from '@tollgate/service-kit';

import type { Quotas } from './quotas.ts';

/** The platform's clock is looked at this often. */
const tickMs = 500;
/** Refreshes under way at once: a provider that comes back is not met by all tokens together. */
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
