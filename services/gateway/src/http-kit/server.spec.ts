import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

import { expect, it } from '@jest/globals';
import { createLogger, createMetrics } from '@tollgate/service-kit';
import { waitFor } from '@tollgate/testing';

import type { HttpServer } from './server.ts';
import { startHttp } from './server.ts';

class Empty {}
const start = (): Promise<HttpServer> =>
  startHttp({
    module: { module: Empty },
    host: '127.0.0.1',
    port: 0,
    metrics: createMetrics(),
    logger: createLogger({ service: 'gateway', level: 'silent' }),
    waiting: () => 0,
    drainMs: 300,
  });

/** Nobody listens there any more. */
const isClosed = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(false));
    socket.on('error', () => resolve(true)).on('connect', () => socket.destroy());
  });

function send(port: number, text: string): { readonly socket: Socket; readonly answer: Promise<string> } {
  const socket = connect(port, '127.0.0.1');
  socket.write(text, 'latin1');
  let received = '';
  const answer = new Promise<string>((resolve) => {
    socket.on('data', (data) => (received += data.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(received));
  });
  return { socket, answer };
}

it('closes although a client never finishes its request', async () => {
  const server = await start();
  const head = 'POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9';
  // 100 Continue says that the server works on the request.
  const half = send(server.port, `${head}\r\nexpect: 100-continue\r\n\r\n{`);
  await once(half.socket, 'data');
  const fromMs = performance.now();
  await server.close();
  expect(performance.now() - fromMs).toBeLessThan(2_000);
  await half.answer;
});

// Guarantee: what arrives while the platform stops is answered in the words of its surface, or not taken at all.
it('answers in its own words who still asks while it closes', async () => {
  const server = await start();
  const { socket, answer } = send(server.port, 'GET /v1/nothing HTTP/1.1\r\nhost: x\r\n');
  await waitFor('the connection', () => server.connections() === 1);
  const closed = server.close();
  await waitFor('the port to be closed', () => isClosed(server.port));
  socket.write('\r\n');
  expect(await answer).toContain('HTTP/1.1 404 ');
  expect(await answer).toContain('content-type: application/problem+json');
  expect((await answer).toLowerCase()).toContain('connection: close');
  await closed;
});

it.each([
  ['GARBAGE\r\n\r\n', 400],
  ['GET /\u00ff HTTP/1.1\r\nhost: x\r\n\r\n', 400],
  [`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`, 431],
])('answers what is no HTTP with a problem: %#', async (text, status) => {
  const server = await start();
  try {
    const answer = await send(server.port, text).answer;
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(answer).toContain('content-type: application/problem+json');
    const body: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
    expect(body).toMatchObject({ status, code: 'REQUEST_INVALID' });
  } finally {
    await server.close();
  }
});
