import { request } from 'node:http';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { GatewayHarness } from './testing/gateway-harness.ts';

let harness: GatewayHarness;
beforeAll(async () => {
  harness = await GatewayHarness.start();
});
afterAll(() => harness?.close());

type Told = { readonly status: number; readonly retryAfterS: number };
type From = { readonly localAddress?: string; readonly forwarded?: string };
const password = 'long enough';

/** A login over a connection from `localAddress`, the loopback of another machine. */
function logIn(email: string, secret: string, { localAddress = '127.0.0.1', forwarded }: From = {}): Promise<Told> {
  const { host, port } = harness.gateway.address;
  const headers = {
    'content-type': 'application/json',
    ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(
      { host, port, localAddress, method: 'POST', path: '/api/auth/login', headers, agent: false },
      (answer) => {
        answer.resume();
        resolve({ status: answer.statusCode ?? 0, retryAfterS: Number(answer.headers['retry-after'] ?? 0) });
      },
    );
    sent.on('error', reject);
    sent.end(JSON.stringify({ email, password: secret }));
  });
}
const register = (email: string): Promise<unknown> =>
  harness.call('POST', '/api/auth/register', { email, password, name: 'A person' });

describe('ten wrong logins', () => {
  // Guarantee: nobody can keep another person out.
  it('make that address wait, and lock nobody out who comes from another one', async () => {
    await register('ada@example.org');
    for (let i = 0; i < 10; i++) expect((await logIn('ada@example.org', `guess ${i}`)).status).toBe(401);
    const guess = await logIn('ada@example.org', 'guess 11');
    expect(guess.status).toBe(429);
    expect(guess.retryAfterS).toBeGreaterThan(800);
    expect((await logIn('ada@example.org', password)).status).toBe(429);
    expect((await logIn('ada@example.org', password, { localAddress: '127.0.0.2' })).status).toBe(200);
    expect((await logIn('ADA@example.org ', 'guess 12')).status).toBe(429);
    // Throttled attempts count nowhere, and a right one from elsewhere frees nobody.
    expect((await logIn('ada@example.org', password)).status).toBe(429);
  });

  it('are ten, however many come at once, over however many gateways', async () => {
    await register('bob@example.org');
    const tries = await Promise.all(Array.from({ length: 24 }, (_, i) => logIn('bob@example.org', `guess ${i}`)));
    expect(tries.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(tries.filter(({ status }) => status === 429)).toHaveLength(14);
  });

  it('cannot be spread by a forged X-Forwarded-For', async () => {
    await register('eve@example.org');
    const tries: number[] = [];
    for (let i = 0; i < 14; i++)
      tries.push((await logIn('eve@example.org', 'guess', { forwarded: `198.51.100.${i}` })).status);
    expect(tries).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429, 429, 429]);
  });
});

describe('licence keys', () => {
  // Guarantee: keys that people chose themselves cannot be found by trying.
  it('cannot be guessed through validate: an address waits after twenty that do not exist, others do not', async () => {
    const validate = (key: string, localAddress: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const { host, port } = harness.gateway.address;
        request({ host, port, localAddress, path: `/api/license/validate/${key}`, agent: false }, (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        })
          .on('error', reject)
          .end();
      });
    const statuses: number[] = [];
    for (let i = 0; i < 22; i++) statuses.push(await validate(`GUESS-${i}`, '127.0.0.5'));
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 200), 429, 429]);
    expect(await validate('GUESS-1', '127.0.0.6')).toBe(200);
  });

  it(
    'cannot be guessed with a login either: assigning, using and looking at a hundred that do not exist is ' +
      'enough for a user',
    async () => {
      await register('guesser@example.org');
      await register('honest@example.org');
      const [guesser, honest] = [
        await harness.loggedIn('guesser@example.org', password),
        await harness.loggedIn('honest@example.org', password),
      ];
      const assign = (headers: Record<string, string>, key: string) =>
        harness.call('POST', '/api/user/assign-license', { license_key: key }, headers);
      for (let i = 0; i < 60; i++) expect((await assign(guesser, `GUESS-${i}`)).status).toBe(404);
      for (let i = 0; i < 20; i++)
        expect((await harness.call('POST', `/api/user/license-keys/GUESS-${i}/use-token`, {}, guesser)).status).toBe(
          404,
        );
      for (let i = 0; i < 20; i++)
        expect((await harness.call('GET', `/api/user/license-keys/GUESS-${i}/usage`, undefined, guesser)).status).toBe(
          404,
        );
      expect(await assign(guesser, 'GUESS-1')).toMatchObject({ status: 429, body: { success: false } });
      expect((await harness.call('POST', '/api/user/license-keys/GUESS-1/use-token', {}, guesser)).status).toBe(429);
      expect((await assign(honest, 'GUESS-1')).status).toBe(404);
    },
  );
});

describe('behind a trusted proxy', () => {
  it('the address is the last one that no trusted proxy added', async () => {
    await harness.restart({ config: { trustedProxies: ['127.0.0.1', '10.0.0.0/8'] } });
    await register('carl@example.org');
    for (let i = 0; i < 10; i++) {
      // What a client writes itself stands before what the proxies add.
      expect(
        (await logIn('carl@example.org', 'guess', { forwarded: `203.0.113.${i}, 198.51.100.7, 10.1.2.3` })).status,
      ).toBe(401);
    }
    expect((await logIn('carl@example.org', password, { forwarded: '203.0.113.99, 198.51.100.7' })).status).toBe(429);
    expect((await logIn('carl@example.org', password, { forwarded: '198.51.100.8, 10.1.2.3' })).status).toBe(200);
    // Not sent by a proxy of ours: the connection says who it is.
    for (let i = 0; i < 10; i++)
      await logIn('carl@example.org', 'guess', { localAddress: '127.0.0.3', forwarded: `192.0.2.${i}` });
    expect(
      (await logIn('carl@example.org', password, { localAddress: '127.0.0.3', forwarded: '192.0.2.200' })).status,
    ).toBe(429);
  });

  it('the addresses of one IPv6 network are one', async () => {
    await register('dora@example.org');
    for (let i = 0; i < 10; i++) await logIn('dora@example.org', 'guess', { forwarded: `2001:db8:1:2::${i}` });
    expect((await logIn('dora@example.org', password, { forwarded: '2001:db8:1:2:ffff::1' })).status).toBe(429);
    expect((await logIn('dora@example.org', password, { forwarded: '2001:db8:1:3::1' })).status).toBe(200);
    expect((await logIn('dora@example.org', password, { forwarded: 'nonsense' })).status).toBe(200);
  });
});
