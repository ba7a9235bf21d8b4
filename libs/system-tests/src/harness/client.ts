/** An answer over HTTP; `body` is what came, as the caller expects it: specs check it. */
export type Reply<Body = Readonly<Record<string, unknown>>> = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
};
type Extra = Readonly<Record<string, string>>;

/** An answer as a watcher sees it; the body parsed where it is JSON. */
export type Observed = {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: unknown;
};
const watchers = new Set<(seen: Observed) => void>();

/**
 * Every answer that any client gets from now on is shown to `watcher`, until the function that is returned is called.
 */
export function watchAnswers(watcher: (seen: Observed) => void): () => void {
  watchers.add(watcher);
  return () => void watchers.delete(watcher);
}

/** Longer than every wait that the platform promises. */
const timeoutMs = 30_000;

/** A product service or a browser: HTTP and nothing else. */
export class Client {
  readonly url: string;
  readonly #headers: Extra;

  constructor(url: string, headers: Extra = {}) {
    this.url = url;
    this.#headers = headers;
  }

  with(headers: Extra): Client {
    return new Client(this.url, { ...this.#headers, ...headers });
  }

  get<Body = Record<string, unknown>>(path: string): Promise<Reply<Body>> {
    return this.send('GET', path, {});
  }

  async text(path: string): Promise<string> {
    return (
      await fetch(`${this.url}${path}`, { headers: this.#headers, signal: AbortSignal.timeout(timeoutMs) })
    ).text();
  }

  post<Body = Record<string, unknown>>(path: string, body?: unknown, headers: Extra = {}): Promise<Reply<Body>> {
    if (body === undefined) return this.send('POST', path, headers);
    return this.send('POST', path, { 'content-type': 'application/json', ...headers }, JSON.stringify(body));
  }

  put<Body = Record<string, unknown>>(path: string, body: unknown): Promise<Reply<Body>> {
    return this.send('PUT', path, { 'content-type': 'application/json' }, JSON.stringify(body));
  }

  patch<Body = Record<string, unknown>>(path: string, body: unknown): Promise<Reply<Body>> {
    return this.send('PATCH', path, { 'content-type': 'application/json' }, JSON.stringify(body));
  }

  delete<Body = Record<string, unknown>>(path: string): Promise<Reply<Body>> {
    return this.send('DELETE', path, {});
  }

  /** The bytes as they are. */
  raw<Body = Record<string, unknown>>(
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Extra = {},
  ): Promise<Reply<Body>> {
    return this.send('POST', path, { 'content-type': 'application/json', ...headers }, body);
  }

  async send<Body = Record<string, unknown>>(
    method: string,
    path: string,
    extra: Extra,
    body?: string | Uint8Array<ArrayBuffer>,
  ): Promise<Reply<Body>> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...this.#headers, ...extra },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    const contentType = (response.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
    const parsed: unknown = text === '' ? {} : JSON.parse(text);
    for (const watcher of watchers) watcher({ method, url: path, status: response.status, contentType, body: parsed });
    return { status: response.status, headers: response.headers, body: parsed as Body };
  }
}
