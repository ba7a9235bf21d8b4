/** What a thrown error means to its handler (style guide §6); the error itself knows no HTTP. */
export type ErrorKind = 'invalid' | 'not_found' | 'refused' | 'conflict' | 'reused' | 'unavailable' | 'bug';

/** Every code the platform can answer with. A code is never reused for another meaning. */
export const errorCodes = [
  'ACCOUNT_CLOSED',
  'ACCOUNT_FROZEN',
  'ACCOUNT_ID_RESERVED',
  'ACCOUNT_INACTIVE',
  'ACCOUNT_KIND_CONFLICT',
  'ACCOUNT_NOT_EMPTY',
  'ACCOUNT_SETTINGS_CONFLICT',
  'ACCOUNT_SUSPENDED',
  'ACCOUNT_UNKNOWN',
  'ADMIN_REQUIRED',
  'ALLOWANCE_EXHAUSTED',
  'AMOUNT_OUT_OF_RANGE',
  'ANSWER_ERASED',
  'BILLING_DATABASE_UNAVAILABLE',
  'BILLING_UNAVAILABLE',
  'BODY_MALFORMED',
  'BODY_TOO_LARGE',
  'CATALOG_CONFLICT',
  'CATALOG_INVALID',
  'CHARGE_NOT_RETRYABLE',
  'CHARGE_UNKNOWN',
  'CONNECTIONS_EXHAUSTED',
  'CREDENTIALS_INVALID',
  'CREDENTIALS_MISSING',
  'CUSTOMER_UNKNOWN',
  'DATABASE_NOT_MIGRATED',
  'DEAD_LETTER_UNKNOWN',
  'ENTRY_NOT_CORRECTABLE',
  'ENTRY_UNKNOWN',
  'EVENT_MALFORMED',
  'EVENT_TYPE_UNKNOWN',
  'FEE_NOT_DUE',
  'FEE_UNKNOWN',
  'FILE_INVALID',
  'FILE_TOO_LARGE',
  'GATEWAY_DATABASE_UNAVAILABLE',
  'GIFT_GIVEN',
  'HOLD_ENDED',
  'HOLD_UNKNOWN',
  'IDEMPOTENCY_KEY_REUSED',
  'IDENTITY_PROVIDER_UNAVAILABLE',
  'INVARIANT_BROKEN',
  'KEY_UNKNOWN',
  'LEDGER_DATABASE_UNAVAILABLE',
  'LEDGER_UNAVAILABLE',
  'LIMIT_EXCEEDED',
  'LOG_IN_USE',
  'LOG_NOT_MOVABLE',
  'LOG_OUT_OF_RANGE',
  'LOG_UNAVAILABLE',
  'MEDIA_TYPE_UNSUPPORTED',
  'METHOD_NOT_ALLOWED',
  'MIGRATION_FAILED',
  'NOT_OWNER',
  'NOT_SEALED_YET',
  'OPTIMIZER_UNAVAILABLE',
  'OVERLOADED',
  'PACKAGE_CHANGED',
  'PACKAGE_EXPIRED',
  'PARTITION_HALTED',
  'PAYMENT_NOT_FOREIGN',
  'PERIOD_NOT_CLOSED',
  'PERIOD_NOT_READY',
  'QUANTITY_UNKNOWN',
  'QUANTITY_UNPRICED',
  'QUOTA_DATABASE_UNAVAILABLE',
  'QUOTA_EXCEEDED',
  'QUOTA_SERVICE_UNAVAILABLE',
  'QUOTA_UNAVAILABLE',
  'RATE_LIMITED',
  'REFUND_NOT_OPEN',
  'REFUND_UNKNOWN',
  'REGISTRATION_OFF',
  'REQUEST_INVALID',
  'REQUEST_TIMEOUT',
  'REQUEST_UNDER_WAY',
  'REQUEST_WITHDRAWN',
  'RESOURCE_EXISTS',
  'RESOURCE_IN_USE',
  'RESOURCE_UNKNOWN',
  'ROUTE_UNKNOWN',
  'SCOPE_MISSING',
  'SERVICE_STOPPING',
  'SIGNATURE_INVALID',
  'STRIPE_OFF',
  'STRIPE_REFUSED',
  'STRIPE_UNAVAILABLE',
  'TASK_EXPIRED',
  'TASK_FAILED',
  'TASK_NOT_READY',
  'TASK_UNKNOWN',
  'TERMS_REFUSED',
  'TIME_OUT_OF_RANGE',
  'TOKEN_INVALID',
  'TOKEN_NOT_FOUND',
  'TOKEN_REQUIRED',
  'TOP_UP_PAYER_MISSING',
  'TOP_UP_UNKNOWN',
  'UNIT_CONFLICT',
  'VALIDATION_FAILED',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * The only error class thrown on purpose. `message` may be shown to the caller; `details` is for logs and problem
 * fields.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly kind: ErrorKind;
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(kind: ErrorKind, code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.code = code;
    this.details = details;
  }
}

/** @throws AppError('bug') when `condition` is false: a broken promise of our own, never of a caller. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AppError('bug', 'INVARIANT_BROKEN', message);
}

/** Makes a switch exhaustive: the compiler refuses a case that is not handled. */
export function assertNever(value: never): never {
  throw new AppError('bug', 'INVARIANT_BROKEN', `unexpected value ${JSON.stringify(value)}`);
}
