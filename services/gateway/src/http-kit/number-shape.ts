import { AppError } from '@tollgate/kernel';
import { z } from 'zod';

const safeMax = Number.MAX_SAFE_INTEGER;
const shown = (bound: number): string => (bound === safeMax ? `${safeMax} (2^53-1)` : String(bound));

/** A whole number in a JSON body. A whole number that is out of range is answered with the range. */
export function wholeFrom(min: number, max = safeMax) {
  const error = ({ input }: { readonly input?: unknown }): string =>
    typeof input === 'number' && Number.isInteger(input)
      ? `must be from ${min} to ${shown(max)}, not ${input}`
      : `must be a whole number from ${min} to ${shown(max)}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/**
 * An amount as a JSON number. @throws AppError('conflict') beyond 2^53, where the number would not be exact.
 */
export function shownNumber(amount: string | bigint): number {
  const value = Number(amount);
  if (Number.isSafeInteger(value)) return value;
  throw new AppError(
    'conflict',
    'AMOUNT_OUT_OF_RANGE',
    'the figure is too large for this surface; read it through /v1/accounts',
  );
}
