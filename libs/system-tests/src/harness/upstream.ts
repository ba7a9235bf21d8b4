import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { waitFor } from '@tollgate/testing';

/** Shorter than the patience of a test, longer than a busy machine needs. */
const timeoutMs = 2_000;
type Asked = { readonly key: string; readonly path: string; readonly body: Readonly<Record<string, unknown>> };

/**
 * The product services behind the credits surface, as a real HTTP server: does the work of one key once, and behaves as
 * the project's id says (`fail-…`, `hang-…`, `garbage-…`, `wait-…` until `open`ed).
 */
export class UpstreamServer {
  readonly asked: Asked[] = [];
  readonly #server: Server;
  readonly #opened = new Set<string>();

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<UpstreamServer> {
    const upstream = new UpstreamServer();
    await new Promise<void>((resolve) => upstream.#server.listen(0, '127.0.0.1', resolve));
    return upstream;
  }

  get variables(): Readonly<Record<string, string>> {
    const url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return { WORKFLOW_URL: `${url}/workflow`, REVIEW_URL: `${url}/review`, UPSTREAM_TIMEOUT_MS: String(timeoutMs) };
  }

  callsFor(projectId: string): readonly Asked[] {
    return this.asked.filter(({ body }) => body['projectId'] === projectId);
  }

  /** Lets the calls of a `wait-…` project go on. */
  open(projectId: string): void {
    this.#opened.add(projectId);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
    const projectId = String(body['projectId']);
    this.asked.push({ key: String(request.headers['idempotency-key']), path: request.url ?? '', body });
    if (projectId.startsWith('hang-')) return;
    if (projectId.startsWith('wait-'))
      await waitFor(`${projectId} to be opened`, () => this.#opened.has(projectId), 30_000).catch(() => undefined);
    if (projectId.startsWith('fail-')) response.writeHead(500).end('{}');
    else if (projectId.startsWith('garbage-')) response.writeHead(200).end('<html>');
    else if (request.url === '/review')
      response.writeHead(200).end(JSON.stringify({ review: `reviewed ${projectId}` }));
    else response.writeHead(202).end(JSON.stringify({ message: `working on ${projectId}`, run: 7 }));
  }
}
