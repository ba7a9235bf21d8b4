import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { remoteProvider } from './remote-provider.ts';

let server: Server;
let status = 500;
let asked = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    asked++;
    request.resume();
    if (status === 0) return;
    response
      .writeHead(status, { 'content-type': 'application/json', location: '/elsewhere' })
      .end('{"valid":true,"quota_mb":1,"subscription_type":"s"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(() => {
  asked = 0;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
const provider = (timeoutMs?: number) =>
  remoteProvider({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`, key: 'k' }, timeoutMs);
/** Puts the date forward and nothing else: sockets and their timers go on. */
const later = (ms: number): void => {
  const now = Date.now() + ms;
  const realTimers = ['hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const;
  jest.useFakeTimers({ now, doNotFake: [...realTimers, ...waits] });
};
const waits = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'] as const;
afterEach(() => {
  jest.useRealTimers();
});
const usual = { always: false };
const down = { kind: 'unavailable', code: 'QUOTA_SERVICE_UNAVAILABLE' };

describe('the provider over HTTP', () => {
  // Guarantee: a provider that is down is not asked by every request, and is noticed when it is back.
  it('is left alone after 10 failures in a row, but for one try every 5 s and what is asked for always', async () => {
    status = 503;
    const remote = provider();
    for (let count = 1; count <= 12; count++) await expect(remote.ask('t', usual)).rejects.toMatchObject(down);
    expect(asked).toBe(10);
    await expect(remote.ask('t', { always: true })).rejects.toMatchObject(down);
    expect(asked).toBe(11);
    later(5_100);
    await expect(remote.ask('t', usual)).rejects.toMatchObject(down);
    await expect(remote.ask('t', usual)).rejects.toMatchObject(down);
    expect(asked).toBe(12);
    later(5_100);
    status = 200;
    expect(await remote.ask('t', usual)).toMatchObject({ valid: true, bytes: 1_048_576n });
    expect(await remote.ask('t', usual)).toMatchObject({ valid: true });
    expect(asked).toBe(14);
  }, 20_000);

  it('answers with 4xx too: refusals never open the circuit', async () => {
    status = 404;
    const remote = provider();
    for (let count = 1; count <= 15; count++) expect(await remote.ask('t', usual)).toEqual({ valid: false });
    expect(asked).toBe(15);
  });

  it('is down when it is silent or sends us elsewhere', async () => {
    status = 0;
    await expect(provider(100).ask('t', usual)).rejects.toMatchObject(down);
    status = 302;
    await expect(provider().ask('t', usual)).rejects.toMatchObject(down);
  });

  it('is not needed where none is configured', async () => {
    expect(await remoteProvider({}).ask('t', usual)).toEqual({
      valid: true,
      bytes: 1_048_576_000n,
      subscriptionType: 'default',
      expiresMs: null,
    });
    expect(await remoteProvider({ url: 'http://127.0.0.1:9' }).ask('t', usual)).toMatchObject({
      subscriptionType: 'default',
    });
  });
});
