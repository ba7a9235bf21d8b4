// What the examples share and a framework would bring: JSON in, JSON out, and an orderly end.
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';

export type Asked = {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
};
export type Answered = { readonly status: number; readonly body: unknown };

/** Serves on PORT (default: any free one) and says where; ends on SIGTERM after `close`. */
export function serve(handle: (asked: Asked) => Promise<Answered>, close: () => Promise<unknown>): void {
  const server = createServer((request, response) => {
    answer(request, handle)
      .catch((error: unknown) => ({ status: 500, body: { error: String(error) } }))
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      })
      .catch(() => response.destroy());
  });
  server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () => {
    const address = server.address();
    process.stdout.write(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}\n`);
  });
  process.once('SIGTERM', () => {
    server.close();
    server.closeAllConnections();
    void close().finally(() => process.exit(0));
  });
}

async function answer(request: IncomingMessage, handle: (asked: Asked) => Promise<Answered>): Promise<Answered> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const url = new URL(request.url ?? '/', 'http://localhost');
  return handle({
    path: url.pathname,
    query: url.searchParams,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  });
}
