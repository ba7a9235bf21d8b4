import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { errorOf, TollgateError, UnavailableError } from './errors.ts';

export type ClientOptions = {
  /** Address of the gateway; default: `TOKEN_SERVER_URL`. */
  readonly baseUrl?: string | undefined;
  /** A server key; default: `SERVER_API_KEY`. */
  readonly apiKey?: string | undefined;
  /** Instead of a server key: a user's JWT, for the user's own accounts. */
  readonly userToken?: string | undefined;
  /**
   * How long a call may take in all, repetitions and pauses included. Default 15,000: a restart of the platform takes
   * about two seconds.
   */
  readonly deadlineMs?: number | undefined;
  /** How long one try may take. Default 10,000: longer than the platform waits for a booking. */
  readonly timeoutMs?: number | undefined;
  /** Tries after the first one. Default: as many as fit before the deadline. */
  readonly retriesMax?: number | undefined;
  /** Pause before the first repetition; doubles up to a second, with full jitter. Default 100. */
  readonly retryFirstMs?: number | undefined;
  /** No pause is longer, whatever `Retry-After` asks for: the error tells that instead. Default 10,000. */
  readonly retryMaxMs?: number | undefined;
  /** Default: the `fetch` of Node. */
  readonly fetch?: typeof fetch | undefined;
};

export type CallOptions = {
  /**
   * Ends waiting at once; rejects with the signal's reason. What was sent may still be booked: send it again under its
   * key.
   */
  readonly signal?: AbortSignal | undefined;
  /** The request's identity for ever; default: a new UUID, the same on every repetition. */
  readonly idempotencyKey?: string | undefined;
  readonly deadlineMs?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly retriesMax?: number | undefined;
};

/** Whether the platform answers, as the calls of this process have seen it. */
export type Health = {
  readonly state: 'unknown' | 'up' | 'away';
  /** When it came to be so, ISO 8601; undefined: nothing was asked yet. */
  readonly since?: string;
  /** What the last call without an answer ended with. */
  readonly lastError?: string;
};

export type HttpCall = CallOptions & {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>> | undefined;
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  /** Sent without an Idempotency-Key: what it carries has keys of its own. */
  readonly unkeyed?: boolean | undefined;
};

/** A 2xx answer. `replayed`: the platform had booked this request before and repeated its first answer. */
export type HttpAnswer<Body> = { readonly status: number; readonly body: Body; readonly replayed: boolean };

/** Pauses double up to this: after an outage everybody is back within about a second. */
const pauseMaxMs = 1_000;
const statusesToRepeat = new Set([429, 502, 503, 504]);

/**
 * Sends requests to the gateway and repeats those that may succeed later. Every POST and PATCH carries an
 * Idempotency-Key, so a repetition books nothing twice (surfaces §0.6).
 */
export class Http {
  readonly baseUrl: string;
  readonly #options: ClientOptions;
  readonly #headers: Readonly<Record<string, string>>;
  #health: Health = { state: 'unknown' };

  /** @throws TypeError when neither the options nor the environment say where the platform is and who asks. */
  constructor(options: ClientOptions = {}) {
    const baseUrl = options.baseUrl ?? process.env['TOKEN_SERVER_URL'];
    const apiKey = options.apiKey ?? (options.userToken === undefined ? process.env['SERVER_API_KEY'] : undefined);
    if (!baseUrl) throw new TypeError('where is Tollgate? Give baseUrl or set TOKEN_SERVER_URL');
    if (!/^https?:\/\//.test(baseUrl))
      throw new TypeError(`baseUrl ${baseUrl} does not begin with http:// or https://`);
    if (!apiKey && !options.userToken) throw new TypeError('who asks? Give apiKey or set SERVER_API_KEY');
    this.baseUrl = baseUrl.replace(/\/+$/, '');
    this.#options = options;
    this.#headers = apiKey ? { 'x-server-api-key': apiKey } : { authorization: `Bearer ${options.userToken}` };
  }

  get health(): Health {
    return this.#health;
  }

  /**
   * @throws TollgateError of the last try; the signal's reason after an abort; TypeError for a body that is no JSON.
   */
  async send<Body>(call: HttpCall): Promise<HttpAnswer<Body>> {
    const { retriesMax = this.#options.retriesMax ?? Number.POSITIVE_INFINITY, signal } = call;
    const keyed = (call.method === 'POST' || call.method === 'PATCH') && call.unkeyed !== true;
    const key = call.idempotencyKey ?? (keyed ? randomUUID() : undefined);
    const untilMs = performance.now() + (call.deadlineMs ?? this.#options.deadlineMs ?? 15_000);
    for (let tries = 0; ; tries++) {
      signal?.throwIfAborted();
      try {
        const answer = await this.#once<Body>(call, key, Math.max(1, untilMs - performance.now()));
        this.#seen('up');
        return answer;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof TollgateError)) throw error;
        if (error.status === 0) this.#seen('away', error.message);
        else this.#seen('up');
        error.idempotencyKey = key;
        if (tries >= retriesMax || !mayRepeat(error)) throw error;
        const pauseMs = this.#pauseMs(error, tries);
        // What cannot be over before the deadline is not begun.
        if (pauseMs === undefined || performance.now() + pauseMs >= untilMs) throw error;
        await delay(pauseMs, undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());
      }
    }
  }

  /** undefined: the platform asks for more patience than we have. */
  #pauseMs({ retryAfterMs }: TollgateError, tries: number): number | undefined {
    const { retryFirstMs = 100, retryMaxMs = 10_000 } = this.#options;
    const jitter = Math.random() * Math.min(pauseMaxMs, retryMaxMs, retryFirstMs * 2 ** Math.min(tries, 20));
    if (retryAfterMs === undefined) return jitter;
    return retryAfterMs > retryMaxMs ? undefined : retryAfterMs + Math.min(jitter, 1_000);
  }

  async #once<Body>(call: HttpCall, key: string | undefined, leftMs: number): Promise<HttpAnswer<Body>> {
    const { signal } = call;
    const timeoutMs = Math.ceil(Math.min(call.timeoutMs ?? this.#options.timeoutMs ?? 10_000, leftMs));
    const timer = AbortSignal.timeout(timeoutMs);
    const { fetch: send = fetch } = this.#options;
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    let response: Response;
    let text: string;
    try {
      response = await send(this.#urlOf(call), {
        method: call.method,
        headers: {
          ...this.#headers,
          accept: 'application/json, application/problem+json',
          ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        ...(body === undefined ? {} : { body }),
        redirect: 'error',
        signal: signal === undefined ? timer : AbortSignal.any([signal, timer]),
      });
      text = await response.text();
    } catch (error) {
      if (timer.aborted)
        throw new UnavailableError(
          `no answer within ${timeoutMs} ms`,
          { status: 0, code: 'TIMEOUT' },
          { cause: error },
        );
      throw new UnavailableError(
        `${this.baseUrl} cannot be reached: ${causeOf(error)}`,
        { status: 0, code: 'NETWORK' },
        { cause: error },
      );
    }
    const answer = parsed(text);
    if (!response.ok) throw errorOf(response.status, answer ?? text, response.headers);
    if (answer === undefined && text !== '') {
      throw new UnavailableError('the answer is not JSON: is this address Tollgate?', {
        status: response.status,
        code: 'NOT_JSON',
        body: text,
      });
    }
    return {
      status: response.status,
      body: answer as Body,
      replayed: response.headers.get('idempotent-replay') === 'true',
    };
  }

  #seen(state: 'up' | 'away', lastError?: string): void {
    if (this.#health.state === state) return;
    const since = new Date().toISOString();
    this.#health = { state, since, ...(lastError === undefined ? {} : { lastError }) };
  }

  #urlOf({ path, query = {} }: HttpCall): string {
    const given = Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
    const search = new URLSearchParams(
      given.map(([name, value]): [string, string] => [name, String(value)]),
    ).toString();
    return `${this.baseUrl}${path}${search === '' ? '' : `?${search}`}`;
  }
}

/** Not what waiting for a reset would help: that is for the caller to decide. */
const mayRepeat = (error: TollgateError): boolean =>
  error.temporary && (error.status === 0 || statusesToRepeat.has(error.status));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function causeOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: unknown; message?: unknown }; message?: unknown };
  return String(cause?.code ?? cause?.message ?? message ?? error);
}
