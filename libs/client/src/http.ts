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
  /** How long one try may take. Default 10,000: longer than the platform waits for a booking. */
  readonly timeoutMs?: number | undefined;
  /** Tries after the first one. Default 4. */
  readonly retriesMax?: number | undefined;
  /** Pause before the first repetition; doubles, with full jitter. Default 200. */
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
  readonly timeoutMs?: number | undefined;
  readonly retriesMax?: number | undefined;
};

export type HttpCall = CallOptions & {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>> | undefined;
  readonly body?: unknown;
  readonly contentType?: string | undefined;
};

/** A 2xx answer. `replayed`: the platform had booked this request before and repeated its first answer. */
export type HttpAnswer<Body> = { readonly status: number; readonly body: Body; readonly replayed: boolean };

const statusesToRepeat = new Set([429, 502, 503, 504]);

/**
 * Sends requests to the gateway and repeats those that may succeed later. Every POST and PATCH carries an
 * Idempotency-Key, so a repetition books nothing twice (surfaces §0.6).
 */
export class Http {
  readonly baseUrl: string;
  readonly #options: ClientOptions;
  readonly #headers: Readonly<Record<string, string>>;

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

  /**
   * @throws TollgateError of the last try; the signal's reason after an abort; TypeError for a body that is no JSON.
   */
  async send<Body>(call: HttpCall): Promise<HttpAnswer<Body>> {
    const { retriesMax = this.#options.retriesMax ?? 4, signal } = call;
    const keyed = call.method === 'POST' || call.method === 'PATCH';
    const key = call.idempotencyKey ?? (keyed ? randomUUID() : undefined);
    for (let tries = 0; ; tries++) {
      signal?.throwIfAborted();
      try {
        return await this.#once<Body>(call, key);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof TollgateError) || tries >= retriesMax || !mayRepeat(error)) throw error;
        const pauseMs = this.#pauseMs(error, tries);
        if (pauseMs === undefined) throw error;
        await delay(pauseMs, undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());
      }
    }
  }

  /** undefined: the platform asks for more patience than we have. */
  #pauseMs({ retryAfterMs }: TollgateError, tries: number): number | undefined {
    const { retryFirstMs = 200, retryMaxMs = 10_000 } = this.#options;
    const jitter = Math.random() * Math.min(retryMaxMs, retryFirstMs * 2 ** tries);
    if (retryAfterMs === undefined) return jitter;
    return retryAfterMs > retryMaxMs ? undefined : retryAfterMs + Math.min(jitter, 1_000);
  }

  async #once<Body>(call: HttpCall, key: string | undefined): Promise<HttpAnswer<Body>> {
    const { timeoutMs = this.#options.timeoutMs ?? 10_000, signal } = call;
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
