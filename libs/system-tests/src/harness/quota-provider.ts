import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Quota = {
  readonly valid: boolean;
  readonly quota_mb?: unknown;
  readonly subscription_type?: unknown;
  readonly expires_at?: unknown;
};
/** What the provider does with a token: a JSON answer, a status, a body as it is, or no answer at all. */
export type Behaviour = { readonly quota: Quota } | { readonly status: number } | { readonly body: string } | 'silence';

const key = 'key-of-the-quota-provider';

/**
 * The remote quota provider of the document, as a real server: `POST /api/user-quota`. A token it was told nothing
 * about is unknown (404).
 */
export class QuotaProvider {
  readonly #server: Server;
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #asked = new Map<string, number>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<QuotaProvider> {
    const server = createServer();
    const provider = new QuotaProvider(server);
    server.on(
      'request',
      (request: IncomingMessage, response: ServerResponse) => void provider.#answer(request, response),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  /** Settings of a platform that asks this provider. */
  get env(): Readonly<Record<string, string>> {
    return {
      XTEMOS_API_URL: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api`,
      XTEMOS_API_KEY: key,
    };
  }

  /** From now on `token` is answered so. */
  says(token: string, behaviour: Behaviour): void {
    this.#behaviours.set(token, behaviour);
  }
  gives(token: string, quotaMb: number, more: Partial<Quota> = {}): void {
    this.says(token, {
      quota: {
        valid: true,
        quota_mb: quotaMb,
        subscription_type: 'premium',
        expires_at: '2999-12-31T23:59:59Z',
        ...more,
      },
    });
  }
  /** How often it was asked about a token. */
  asked(token: string): number {
    return this.#asked.get(token) ?? 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { token } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { token: string };
    this.#asked.set(token, this.asked(token) + 1);
    if (
      request.method !== 'POST' ||
      request.url !== '/api/user-quota' ||
      request.headers.authorization !== `Bearer ${key}`
    )
      return void response.writeHead(401).end();
    const behaviour = this.#behaviours.get(token) ?? { status: 404 };
    if (behaviour === 'silence') return;
    if ('status' in behaviour) return void response.writeHead(behaviour.status).end('no');
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('body' in behaviour ? behaviour.body : JSON.stringify(behaviour.quota));
  }
}
