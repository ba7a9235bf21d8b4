import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { type ClientRequest, type IncomingMessage, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';

import type { AttemptOutcome, Deliver } from '../app/webhook-ports.ts';
import { isOpenAddress } from './open-address.ts';
import { webhookHeaders } from './webhook-signature.ts';

/** Standard Webhooks advises 15 to 30 s. */
const timeoutDefaultMs = 15_000;

/** An address of a private network; the reason that subscribers' operators see. */
class PrivateAddress extends Error {
  readonly code = 'ADDRESS_IS_PRIVATE';
}

export type DeliverOptions = {
  readonly nowMs: () => number;
  readonly timeoutMs?: number;
  readonly allowPrivate: boolean;
  /** How names are resolved; default: as the system does. */
  readonly lookup?: (
    host: string,
    options: LookupOptions,
    done: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
  ) => void;
  /** Called for errors that are not the subscriber's fault. */
  readonly onBug?: (error: unknown) => void;
};

/**
 * One signed POST. The name is resolved once, every address it leads to is checked, and the connection goes to just
 * these: so a name that leads elsewhere a moment later (DNS rebinding) leads nowhere. Redirects are not followed, and
 * of the answer only its status is read.
 */
export const deliverOver =
  (options: DeliverOptions): Deliver =>
  async ({ url, secrets, message, body }) => {
    const startedMs = options.nowMs();
    const began = performance.now();
    const outcome = (statusCode: number | null, error: string | null): AttemptOutcome => ({
      startedMs,
      durationMs: Math.round(performance.now() - began),
      statusCode,
      error,
    });
    if (secrets.length === 0) return outcome(null, 'SECRET_UNREADABLE');
    try {
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'Tollgate-Webhooks/1',
        ...webhookHeaders({ id: message, body }, secrets, startedMs),
      };
      const status = await post(new URL(url), { headers, body }, options);
      return outcome(status, status >= 200 && status < 300 ? null : `answered ${status}`);
    } catch (error) {
      return outcome(null, reasonOf(error, options.onBug));
    }
  };

function post(
  url: URL,
  { headers, body }: { readonly headers: Record<string, string>; readonly body: string },
  options: DeliverOptions,
): Promise<number> {
  const { timeoutMs = timeoutDefaultMs, allowPrivate } = options;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // A literal address is not looked up, so it is checked here: rows may be older than the rule.
  if (isIP(host) !== 0 && !isOpenAddress(host, { allowPrivate })) return Promise.reject(new PrivateAddress());
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? overHttps : overHttp;
    const request: ClientRequest = send(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      agent: false,
      lookup: checkedLookup(options),
      signal: AbortSignal.timeout(timeoutMs),
    });
    request.once('error', reject);
    request.once('response', (answer: IncomingMessage) => {
      answer.once('error', () => undefined);
      resolve(answer.statusCode ?? 0);
      request.destroy();
    });
    request.end(body);
  });
}

/** Fails when any address that the name leads to is private: a name with both kinds is an attempt, not a mistake. */
const checkedLookup =
  ({ allowPrivate, lookup = dnsLookup as NonNullable<DeliverOptions['lookup']> }: DeliverOptions): LookupFunction =>
  (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      const [first] = found ?? [];
      if (error !== null) return done(error, '', 0);
      if (first === undefined || found.some(({ address }) => !isOpenAddress(address, { allowPrivate })))
        return done(new PrivateAddress(), '', 0);
      if (options.all === true) return done(null, found);
      done(null, first.address, first.family);
    });
  };

/** A short reason without addresses or secrets. */
function reasonOf(error: unknown, onBug: DeliverOptions['onBug']): string {
  const { code, name } = (typeof error === 'object' && error !== null ? error : {}) as {
    readonly code?: unknown;
    readonly name?: unknown;
  };
  if (name === 'TimeoutError' || name === 'AbortError') return 'timed out';
  if (typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) && name !== 'TypeError') return code;
  onBug?.(error);
  return 'no connection';
}
