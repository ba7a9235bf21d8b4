import { createHmac, timingSafeEqual } from 'node:crypto';
import { AppError, errorCodes, type ErrorCode, type ErrorKind } from '@tollgate/kernel';

/** A question or an answer as it travels; `mac` proves that the other side knows SERVICE_SECRET. */
export type SealedMessage = { readonly at: number; readonly body: string; readonly mac: string };
export type QueryResult =
  | { readonly ok: true; readonly value?: unknown }
  | { readonly ok: false; readonly error: CarriedError };
type CarriedError = { readonly kind: ErrorKind; readonly code: string; readonly message: string; readonly details: unknown };

/** Older messages are refused, so that a recorded one is of little use; wide enough for clocks that differ. */
const ageMaxMs = 300_000;

/** `about` binds a question to its pattern and an answer to its question. */
export function seal(secret: string, about: string, content: unknown): SealedMessage {
  const at = Date.now();
  const body = JSON.stringify(content ?? null);
  return { at, body, mac: macOf(secret, about, at, body) };
}

/** The content, or undefined when the message was not sealed with `secret` for this purpose lately. */
export function unseal(secret: string, about: string, message: unknown): { readonly content: unknown } | undefined {
  if (!isSealed(message) || Math.abs(Date.now() - message.at) > ageMaxMs) return undefined;
  const expected = Buffer.from(macOf(secret, about, message.at, message.body));
  const given = Buffer.from(message.mac);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined;
  return { content: JSON.parse(message.body) };
}

function macOf(secret: string, about: string, at: number, body: string): string {
  return createHmac('sha256', secret).update(`${about}\n${at}\n`).update(body).digest('base64url');
}

function isSealed(message: unknown): message is SealedMessage {
  if (typeof message !== 'object' || message === null) return false;
  const { at, body, mac } = message as Partial<SealedMessage>;
  return typeof at === 'number' && typeof body === 'string' && typeof mac === 'string';
}

/** What the caller may know of a failure: an AppError as it is, of anything else only that it happened. */
export function carry(error: unknown): CarriedError {
  if (!(error instanceof AppError)) return { kind: 'bug', code: 'INVARIANT_BROKEN', message: 'internal error', details: {} };
  return { kind: error.kind, code: error.code, message: error.message, details: error.details };
}

export function uncarry(error: CarriedError): AppError {
  const code = (errorCodes as readonly string[]).includes(error.code) ? (error.code as ErrorCode) : 'INVARIANT_BROKEN';
  return new AppError(error.kind, code, error.message, (error.details ?? {}) as Record<string, unknown>);
}
