import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger, createMetrics } from '@tollgate/service-kit';
import { waitFor } from '@tollgate/testing';

import type { HttpOptions, HttpServer } from './server.ts';
import { startHttp } from './server.ts';

class Empty {}
let server: HttpServer | null = null;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close();
  server = null;
});

async function start(more: Partial<HttpOptions>): Promise<HttpServer> {
  server = await startHttp({
    module: { module: Empty },
    host: '127.0.0.1',
    port: 0,
    metrics: createMetrics(),
    logger: createLogger({ service: 'gateway', level: 'silent' }),
    waiting: () => 0,
    drainMs: 100,
    ...more,
  });
  return server;
}

type Client = { readonly socket: Socket; received: string; closed: boolean };
/** A client that never ends its side by itself. */
function client(port: number, text: string, localAddress = '127.0.0.1'): Client {
  const socket = connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true });
  sockets.push(socket);
  const made: Client = { socket, received: '', closed: false };
  socket.on('data', (data) => (made.received += data.toString()));
  socket.on('error', () => (made.closed = true));
  for (const event of ['end', 'close']) socket.on(event, () => (made.closed = true));
  if (text !== '') socket.write(text, 'latin1');
  return made;
}
const head = 'POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n';

describe('a client that does not finish', () => {
  // Guarantee: what is answered 408 holds no descriptor and no place any more.
  it('is answered 408 and its connection is gone, whatever it does with its own side', async () => {
    const { port, connections } = await start({ headersTimeoutMs: 200, requestTimeoutMs: 300 });
    const clients = [
      ...Array.from({ length: 20 }, () => client(port, head)),
      ...Array.from({ length: 20 }, () => client(port, `${head}\r\n{`)),
      ...Array.from({ length: 20 }, () => client(port, '')),
    ];
    // One that does not even read.
    clients[0]?.socket.pause();
    await waitFor('the connections to be taken', async () => connections() === 60, 2_000);
    await waitFor('all of them to be gone', async () => connections() === 0, 8_000);
    for (const { received } of clients.slice(1, 40)) expect(received).toContain('HTTP/1.1 408 ');
  });

  it('is told so in the words of a problem, and that the request is not what was wrong', async () => {
    const { port } = await start({ headersTimeoutMs: 200, requestTimeoutMs: 300 });
    const slow = client(port, `${head}\r\n{`);
    await waitFor('the answer', async () => slow.received.includes('\r\n\r\n{'), 8_000);
    expect(JSON.parse(slow.received.slice(slow.received.indexOf('\r\n\r\n')))).toMatchObject({
      status: 408,
      code: 'REQUEST_TIMEOUT',
      detail: expect.stringContaining('in time'),
    });
  });
});

describe('connections', () => {
  const get = 'GET /v1/nothing HTTP/1.1\r\nhost: x\r\n\r\n';

  it('of one address are limited; others get in', async () => {
    const { port, connections } = await start({ connectionLimits: { inAll: 100, perAddress: 5 } });
    const held = Array.from({ length: 5 }, () => client(port, '', '127.0.0.2'));
    await waitFor('the connections', async () => connections() === 5, 2_000);
    const refused = client(port, get, '127.0.0.2');
    await waitFor('the refusal', async () => refused.received.includes('HTTP/1.1 503 ') && refused.closed, 4_000);
    expect(refused.received).toContain('retry-after: 1');
    const other = client(port, get, '127.0.0.3');
    await waitFor('the answer', async () => other.received.includes('HTTP/1.1 404 '), 2_000);
    held[0]?.socket.destroy();
    await waitFor(
      'a place',
      async () => {
        const again = client(port, get, '127.0.0.2');
        await Promise.race([once(again.socket, 'data'), once(again.socket, 'close')]);
        return again.received.includes('HTTP/1.1 404 ');
      },
      4_000,
    );
  });

  it('are limited in all', async () => {
    const { port, connections } = await start({ connectionLimits: { inAll: 6, perAddress: 5 } });
    for (let i = 0; i < 6; i++) client(port, '', `127.0.0.${2 + i}`);
    await waitFor('the connections', async () => connections() === 6, 2_000);
    const refused = client(port, get, '127.0.0.9');
    await waitFor('the refusal', async () => refused.received.includes('HTTP/1.1 503 ') && refused.closed, 4_000);
  });

  it('of a trusted proxy are not counted as one address', async () => {
    const { port } = await start({ connectionLimits: { inAll: 100, perAddress: 2 }, trustedProxies: ['127.0.0.0/30'] });
    for (let i = 0; i < 5; i++) client(port, '', '127.0.0.2');
    const sixth = client(port, get, '127.0.0.2');
    await waitFor('the answer', async () => sixth.received.includes('HTTP/1.1 404 '), 2_000);
  });
});
