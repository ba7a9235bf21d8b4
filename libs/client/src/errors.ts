/** What the platform said, as far as it is known. */
export type ErrorAnswer = {
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /**
   * Tollgate's code (`ALLOWANCE_EXHAUSTED`, …), or one of the client's: `NETWORK`, `TIMEOUT`, `NOT_JSON`,
   * `HTTP_<status>`.
   */
  readonly code: string;
  /** The body as it came: each surface keeps its own envelope. */
  readonly body?: unknown;
  readonly correlationId?: string | undefined;
  /** What `Retry-After` asked for. */
  readonly retryAfterMs?: number | undefined;
};

const brand = Symbol.for('tollgate.client.error');

/**
 * Whether an error is one of this library's, also of another copy of it (ESM beside CommonJS, two versions): there
 * `instanceof` fails.
 */
export const isTollgateError = (error: unknown): error is TollgateError =>
  typeof error === 'object' && error !== null && (error as { readonly [brand]?: unknown })[brand] === true;

/** Everything this library rejects with, but for an abort (the signal's reason) and wrong use (TypeError). */
export class TollgateError extends Error {
  override readonly name: string = 'TollgateError';
  readonly status: number;
  readonly code: string;
  readonly body: unknown;
  readonly correlationId: string | undefined;
  readonly retryAfterMs: number | undefined;
  /** The key of the request that failed: sent again under it, it counts once, whatever became of it. */
  idempotencyKey: string | undefined;
  /** Known to every copy of this library in a process, ESM and CommonJS. */
  readonly [brand] = true;

  constructor(message: string, answer: ErrorAnswer, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.status = answer.status;
    this.code = answer.code;
    this.body = answer.body;
    this.correlationId = answer.correlationId;
    this.retryAfterMs = answer.retryAfterMs;
  }

  /** Whether the same request may succeed later without anybody changing anything. */
  get temporary(): boolean {
    return false;
  }
}

/** The request is wrong (400, 413, 415, 422): sending it again changes nothing. */
export class InvalidRequestError extends TollgateError {
  override readonly name = 'InvalidRequestError';
}
/** No, wrong or revoked credentials (401). */
export class AuthenticationError extends TollgateError {
  override readonly name = 'AuthenticationError';
}
/** The credentials do not allow it (403). */
export class PermissionError extends TollgateError {
  override readonly name = 'PermissionError';
}
/** There is no such thing (404, 410). */
export class NotFoundError extends TollgateError {
  override readonly name = 'NotFoundError';
}
/** It collides with what is there: another request under the same key, an ended hold (409). */
export class ConflictError extends TollgateError {
  override readonly name = 'ConflictError';
}
/** `limit`: the account whose limit refused, and the limit. */
export type Limits = {
  readonly asked?: string;
  readonly available?: string;
  readonly resets_at?: string;
  readonly limit?: {
    readonly account: string;
    readonly limit?: string;
    readonly period?: string;
    readonly model?: string;
  };
};

/** Not enough is left (402; 429 where waiting for a reset helps). */
export class AllowanceExhaustedError extends TollgateError {
  override readonly name = 'AllowanceExhaustedError';

  /** Decimal strings in the account's unit and the time of the next reset, where the platform tells them. */
  get limits(): Limits {
    return typeof this.body === 'object' && this.body !== null ? (this.body as Limits) : {};
  }
}
/** Too many requests (429): the library has waited as long as it may. */
export class RateLimitedError extends TollgateError {
  override readonly name = 'RateLimitedError';
  override get temporary(): boolean {
    return true;
  }
}
/**
 * The platform could not be asked or could not answer (no connection, a time-out, 5xx): nobody knows yet what it did.
 */
export class UnavailableError extends TollgateError {
  override readonly name = 'UnavailableError';
  override get temporary(): boolean {
    return true;
  }
}

type Read = { readonly code?: string | undefined; readonly message: string };

/** The error of an answer that is not 2xx, whichever surface's envelope it has. */
export function errorOf(status: number, body: unknown, headers: Headers): TollgateError {
  const { code, message } = readEnvelope(body, status);
  const answer: ErrorAnswer = {
    status,
    code: code ?? `HTTP_${status}`,
    body,
    correlationId: textIn(body, 'correlation_id') ?? headers.get('x-correlation-id') ?? undefined,
    retryAfterMs: retryAfterOf(headers.get('retry-after')),
  };
  return new (classOf(status, code))(message, answer);
}

function classOf(status: number, code: string | undefined): typeof TollgateError {
  switch (status) {
    case 401:
      return AuthenticationError;
    case 402:
      return AllowanceExhaustedError;
    case 403:
      return PermissionError;
    case 404:
    case 410:
      return NotFoundError;
    case 409:
      return ConflictError;
    case 408:
    case 425:
      return UnavailableError;
    case 429:
      return code === undefined || code === 'RATE_LIMITED' ? RateLimitedError : AllowanceExhaustedError;
    default:
      return status >= 500 ? UnavailableError : InvalidRequestError;
  }
}

/**
 * problem+json has `detail`, the five surfaces `error` or `message`; credits say "not enough" with `remainingCredits`.
 */
function readEnvelope(body: unknown, status: number): Read {
  const code = textIn(body, 'code') ?? (hasMember(body, 'remainingCredits') ? 'ALLOWANCE_EXHAUSTED' : undefined);
  const message =
    textIn(body, 'detail') ?? textIn(body, 'error') ?? textIn(body, 'message') ?? `the platform answered ${status}`;
  return { code, message };
}

const hasMember = (body: unknown, name: string): boolean => typeof body === 'object' && body !== null && name in body;

function textIn(body: unknown, name: string): string | undefined {
  const value = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** `Retry-After` in seconds or as an HTTP date (RFC 9110 §10.2.3), in milliseconds from now. */
export function retryAfterOf(header: string | null, nowMs = Date.now()): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
