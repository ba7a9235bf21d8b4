import { AppError, type ErrorCode, errorCodes, type ErrorKind } from '@tollgate/kernel';

/** The result of a query, as it is sent. */
export type QueryResult =
  { readonly ok: true; readonly value?: unknown } | { readonly ok: false; readonly error: CarriedError };
type CarriedError = {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly details: unknown;
};

/** What the caller may know of a failure: an AppError as it is, of anything else only that it happened. */
export function carry(error: unknown): CarriedError {
  if (!(error instanceof AppError))
    return { kind: 'bug', code: 'INVARIANT_BROKEN', message: 'internal error', details: {} };
  return { kind: error.kind, code: error.code, message: error.message, details: error.details };
}

export function uncarry(error: CarriedError): AppError {
  const code = (errorCodes as readonly string[]).includes(error.code) ? (error.code as ErrorCode) : 'INVARIANT_BROKEN';
  return new AppError(error.kind, code, error.message, (error.details ?? {}) as Record<string, unknown>);
}
