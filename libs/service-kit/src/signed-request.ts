import { createHmac, timingSafeEqual } from 'node:crypto';

/** The header of a request between services that carries bytes, where a sealed query cannot. */
export const signatureHeader = 'x-tollgate-signature';
/** Covers clocks that differ a little and an upload of some time before the request is looked at. */
const validMs = 60_000;

type Named = { readonly method: string; readonly path: string };

const macOf = (secret: string, { method, path }: Named, expires: string): Buffer =>
  createHmac('sha256', secret).update(`tollgate-request\n${method}\n${path}\n${expires}`).digest();

/**
 * Says that a holder of `secret` asks for just this method and path within the next minute. The body is not covered.
 */
export function signRequest(secret: string, request: Named): string {
  const expires = String(Date.now() + validMs);
  return `${expires}.${macOf(secret, request, expires).toString('base64url')}`;
}

/** Whether the header's value was made by `signRequest` with the same secret for this request, and still counts. */
export function isSignedRequest(secret: string, request: Named, value: unknown): boolean {
  const parts = typeof value === 'string' ? /^(\d{1,15})\.([\w-]{43})$/.exec(value) : null;
  const [, expires, mac] = parts ?? [];
  if (expires === undefined || mac === undefined) return false;
  const left = Number(expires) - Date.now();
  return (
    left > 0 && left <= 2 * validMs && timingSafeEqual(Buffer.from(mac, 'base64url'), macOf(secret, request, expires))
  );
}
