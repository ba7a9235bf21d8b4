import { AppError, type ErrorCode } from '@tollgate/kernel';

/** Sockets: refused, reset, timed out, not found. The driver's own texts carry no code. */
const socketCodes = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)/;
/**
 * PostgreSQL's own: connection trouble (08), no resources (53), shutting down or starting (57P0), and what a repeat
 * mends: a cancelled statement, a deadlock, a serialization failure, a lock time-out, a server that has become
 * read-only.
 */
const serverCodes = /^(08|53|57P0|57014|40P01|40001|55P03|25006)/;
const driverTexts = new RegExp(
  [
    'connection terminated',
    'connection timeout',
    'timeout exceeded',
    'Query read timeout',
    'Client has encountered a connection error',
    'cannot use a pool after',
  ].join('|'),
  'i',
);

/**
 * Whether the database gave no answer, or cannot for now: waiting mends it. Anything else thrown by a query is a
 * mistake of ours.
 */
export function isDatabaseOutage(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if (error instanceof AggregateError) return error.errors.some(isDatabaseOutage);
  const { code, message, syscall } = error as {
    readonly code?: unknown;
    readonly message?: unknown;
    readonly syscall?: unknown;
  };
  // A caller who went away in mid-request resets a connection too, and says "aborted".
  if (typeof code === 'string')
    return (
      serverCodes.test(code) ||
      (socketCodes.test(code) && message !== 'aborted') ||
      (code === 'ENOENT' && syscall === 'connect')
    );
  return typeof message === 'string' && driverTexts.test(message);
}

/**
 * Runs queries of one service: an outage of its database is AppError('unavailable', code); everything else is passed on
 * as it is.
 */
export async function orUnavailable<T>(code: ErrorCode, query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    if (!isDatabaseOutage(error)) throw error;
    throw new AppError('unavailable', code, 'the database does not answer', {}, error);
  }
}

/** The same object, each of whose functions runs as under `orUnavailable`. */
export function guardQueries<Queries extends object>(code: ErrorCode, queries: Queries): Queries {
  return new Proxy(queries, {
    get: (target, name) => {
      const found: unknown = Reflect.get(target, name, target);
      if (typeof found !== 'function') return found;
      return (...given: unknown[]): unknown =>
        orUnavailable(code, async () => Reflect.apply(found, target, given) as unknown);
    },
  });
}
