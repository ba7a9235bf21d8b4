import { setTimeout as delay } from 'node:timers/promises';

/**
 * Resolves after a time, or as soon as `signal` is aborted; never rejects. `ref` false: it does not keep the process
 * alive.
 */
export const rest = (
  ms: number,
  signal?: AbortSignal,
  { ref = true }: { readonly ref?: boolean } = {},
): Promise<void> => delay(ms, undefined, { ref, ...(signal === undefined ? {} : { signal }) }).catch(() => undefined);
