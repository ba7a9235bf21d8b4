import { HttpException } from '@nestjs/common';
import type { ErrorCode, ErrorKind } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import { isDatabaseOutage } from '@tollgate/persistence';

export type FailureSource = { readonly path: string; readonly message: string };

/** An error, independent of the surface that words it. */
export type Failure = {
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Problems of the input by member, for surfaces that show them. */
  readonly sources?: readonly FailureSource[];
  /** Further members of a problem+json body. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** The error to log, if it is a bug of ours. */
  readonly bug?: unknown;
};

const statusByKind: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  not_found: 404,
  refused: 402,
  conflict: 409,
  reused: 409,
  unavailable: 503,
  bug: 500,
};

/** Statuses by code, where the kind alone is not enough. Refusals of the ledger arrive as codes. */
const statusByCode: Partial<Readonly<Record<ErrorCode, number>>> = {
  ACCOUNT_CLOSED: 409,
  ACCOUNT_FROZEN: 409,
  ACCOUNT_ID_RESERVED: 409,
  ACCOUNT_INACTIVE: 409,
  ACCOUNT_KIND_CONFLICT: 409,
  ACCOUNT_NOT_EMPTY: 409,
  ACCOUNT_SETTINGS_CONFLICT: 409,
  ACCOUNT_SUSPENDED: 409,
  ACCOUNT_UNKNOWN: 404,
  ADMIN_REQUIRED: 403,
  ALLOWANCE_EXHAUSTED: 402,
  AMOUNT_OUT_OF_RANGE: 400,
  ANSWER_ERASED: 409,
  BILLING_DATABASE_UNAVAILABLE: 503,
  BILLING_UNAVAILABLE: 503,
  BODY_MALFORMED: 400,
  BODY_TOO_LARGE: 413,
  CATALOG_CONFLICT: 409,
  CATALOG_INVALID: 400,
  CHARGE_NOT_RETRYABLE: 409,
  REFUND_NOT_OPEN: 409,
  REFUND_UNKNOWN: 404,
  CHARGE_UNKNOWN: 404,
  CONNECTIONS_EXHAUSTED: 503,
  CREDENTIALS_INVALID: 401,
  CREDENTIALS_MISSING: 401,
  CUSTOMER_UNKNOWN: 404,
  DATABASE_NOT_MIGRATED: 503,
  DEAD_LETTER_UNKNOWN: 404,
  ENTRY_NOT_CORRECTABLE: 409,
  ENTRY_UNKNOWN: 404,
  EVENT_MALFORMED: 400,
  EVENT_TYPE_UNKNOWN: 400,
  FEE_NOT_DUE: 409,
  FEE_UNKNOWN: 404,
  FILE_INVALID: 422,
  FILE_TOO_LARGE: 413,
  GATEWAY_DATABASE_UNAVAILABLE: 503,
  GIFT_GIVEN: 400,
  HOLD_ENDED: 409,
  HOLD_UNKNOWN: 404,
  IDEMPOTENCY_KEY_REUSED: 409,
  IDENTITY_PROVIDER_UNAVAILABLE: 503,
  KEY_UNKNOWN: 404,
  LEDGER_DATABASE_UNAVAILABLE: 503,
  LEDGER_UNAVAILABLE: 503,
  LIMIT_EXCEEDED: 402,
  LOG_UNAVAILABLE: 503,
  MEDIA_TYPE_UNSUPPORTED: 415,
  METHOD_NOT_ALLOWED: 405,
  NOT_OWNER: 403,
  NOT_SEALED_YET: 409,
  OPTIMIZER_UNAVAILABLE: 503,
  OVERLOADED: 503,
  PACKAGE_CHANGED: 409,
  PACKAGE_EXPIRED: 409,
  PARTITION_HALTED: 503,
  PAYMENT_NOT_FOREIGN: 409,
  PERIOD_NOT_CLOSED: 409,
  PERIOD_NOT_READY: 409,
  QUANTITY_UNKNOWN: 400,
  QUANTITY_UNPRICED: 422,
  QUOTA_DATABASE_UNAVAILABLE: 503,
  QUOTA_EXCEEDED: 429,
  QUOTA_SERVICE_UNAVAILABLE: 503,
  QUOTA_UNAVAILABLE: 403,
  RATE_LIMITED: 429,
  REGISTRATION_OFF: 403,
  REQUEST_INVALID: 400,
  REQUEST_TIMEOUT: 408,
  REQUEST_UNDER_WAY: 503,
  REQUEST_WITHDRAWN: 409,
  RESOURCE_EXISTS: 409,
  RESOURCE_IN_USE: 409,
  RESOURCE_UNKNOWN: 404,
  ROUTE_UNKNOWN: 404,
  SCOPE_MISSING: 403,
  SERVICE_STOPPING: 503,
  SIGNATURE_INVALID: 400,
  STRIPE_OFF: 503,
  STRIPE_REFUSED: 400,
  STRIPE_UNAVAILABLE: 503,
  TASK_EXPIRED: 410,
  TASK_FAILED: 409,
  TASK_NOT_READY: 409,
  TASK_UNKNOWN: 404,
  TERMS_REFUSED: 409,
  TIME_OUT_OF_RANGE: 400,
  TOKEN_INVALID: 403,
  TOKEN_NOT_FOUND: 404,
  TOKEN_REQUIRED: 401,
  UNIT_CONFLICT: 409,
  VALIDATION_FAILED: 422,
};

/** The status for a code. Default 409: the ledger understood the request and refused it. */
export const statusOfCode = (code: string): number => statusByCode[code as ErrorCode] ?? 409;

/** `Retry-After` in seconds while a part of the platform is down. */
export const retryAfterS = 1;

type FrameworkError = { readonly code?: unknown; readonly statusCode?: unknown; readonly message?: unknown };

/** Converts any thrown error. The text of an unknown error is never sent to clients. */
export function failureOf(error: unknown): Failure {
  if (error instanceof AppError) return ofAppError(error);
  if (error instanceof HttpException) return ofStatus(error.getStatus(), error.message, error);
  const { code, statusCode } = (typeof error === 'object' && error !== null ? error : {}) as FrameworkError;
  if (typeof code === 'string' && code.startsWith('FST_') && typeof statusCode === 'number') {
    return ofStatus(statusCode, frameworkTexts[code] ?? 'the request cannot be read', error);
  }
  // Other services report their outages by code, so a bare driver error comes from the gateway's own database.
  if (isDatabaseOutage(error)) return unavailable('GATEWAY_DATABASE_UNAVAILABLE', 'the database does not answer');
  return { status: 500, code: 'INVARIANT_BROKEN', detail: 'something went wrong on our side', bug: error };
}

function ofAppError(error: AppError): Failure {
  const { kind, code, message, details } = error;
  if (kind === 'bug') return { status: 500, code, detail: 'something went wrong on our side', bug: error };
  if (kind === 'unavailable') return unavailable(code, message);
  const { status: given, retry_after_s: wait, allow, fields, sources } = details;
  const status = typeof given === 'number' ? given : (statusByCode[code] ?? statusByKind[kind]);
  const headers = {
    ...(typeof wait === 'number' ? { 'retry-after': String(wait) } : {}),
    ...(typeof allow === 'string' ? { allow } : {}),
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
  };
  return {
    status,
    code,
    detail: message,
    headers,
    ...(typeof fields === 'object' && fields !== null ? { fields: { ...fields } } : {}),
    ...(Array.isArray(sources) ? { sources: sources as readonly FailureSource[] } : {}),
  };
}

function unavailable(code: ErrorCode, detail: string): Failure {
  return { status: 503, code, detail, headers: { 'retry-after': String(retryAfterS) } };
}

const frameworkTexts: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'the body is too large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'this route does not accept the content type; send JSON',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'the body is not as long as its Content-Length says',
  FST_ERR_BAD_URL: 'the path is not valid percent-encoded UTF-8',
};

function ofStatus(status: number, detail: string, error: unknown): Failure {
  switch (status) {
    case 404:
      return { status, code: 'ROUTE_UNKNOWN', detail: 'there is nothing at this address' };
    case 405:
      return { status, code: 'METHOD_NOT_ALLOWED', detail };
    case 413:
      return { status, code: 'BODY_TOO_LARGE', detail };
    case 415:
      return { status, code: 'MEDIA_TYPE_UNSUPPORTED', detail };
    case 503:
      return unavailable('SERVICE_STOPPING', 'the platform is stopping');
    default:
      if (status >= 400 && status < 500) return { status: status === 414 ? 414 : 400, code: 'REQUEST_INVALID', detail };
      return { status: 500, code: 'INVARIANT_BROKEN', detail: 'something went wrong on our side', bug: error };
  }
}
