/** How long an answer of the provider is cached (surfaces §3). */
export const cacheMs = 5 * 60_000;
/** A token used within this time is refreshed in the background. */
export const inUseMs = 24 * 3_600_000;
const refreshMs = 15 * 60_000;
const jitter = 0.1;

/** When a token fetched at `fetchedMs` is refreshed: after 15 minutes ± 10 %. `random` from 0 to 1 spreads the load. */
export const refreshDueMs = (fetchedMs: number, random: number): number =>
  fetchedMs + Math.round(refreshMs * (1 - jitter + 2 * jitter * random));
