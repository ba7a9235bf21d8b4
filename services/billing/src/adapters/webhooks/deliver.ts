import type { AttemptOutcome, Deliver } from '../../app/webhook-ports.ts';
import { webhookHeaders } from './webhook-signature.ts';

/** As Standard Webhooks advises: 15 to 30 s. */
const timeoutDefaultMs = 15_000;

/**
 * One signed POST over fetch. Redirects are not followed (a signed body goes to the address that was registered, nowhere else), and of
 * the answer only its status is read.
 */
export const deliverOver = (options: { readonly nowMs: () => number; readonly timeoutMs?: number }): Deliver => async ({ url, secret, message, body }) => {
  const startedMs = options.nowMs();
  const began = performance.now();
  const outcome = (statusCode: number | null, error: string | null): AttemptOutcome => ({
    startedMs, durationMs: Math.round(performance.now() - began), statusCode, error,
  });
  try {
    const answer = await fetch(url, {
      method: 'POST', body, redirect: 'manual', signal: AbortSignal.timeout(options.timeoutMs ?? timeoutDefaultMs),
      headers: { 'content-type': 'application/json', 'user-agent': 'Tollgate-Webhooks/1', ...webhookHeaders({ id: message, body }, secret, startedMs) },
    });
    await answer.body?.cancel();
    return outcome(answer.status, answer.ok ? null : `answered ${answer.status}`);
  } catch (error) {
    return outcome(null, reasonOf(error));
  }
};

/** A short reason without addresses or secrets. */
function reasonOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'timed out';
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  return /^[A-Z0-9_]{1,40}$/.test(code) ? code : 'no connection';
}
