import { request } from 'node:http';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { Reply } from './testing/gateway-harness.ts';
import { GatewayHarness, serverKey } from './testing/gateway-harness.ts';

let harness: GatewayHarness;
let user: Record<string, string>;
let userId: string;
beforeAll(async () => {
  harness = await GatewayHarness.start(undefined, { billing: { chargeStatuses: async () => [] } });
  const { body } = await harness.call('POST', '/api/auth/register', {
    email: 'mallory@example.org',
    password: 'long enough',
    name: 'Mallory',
  });
  userId = body.data.id;
  user = await harness.loggedIn('mallory@example.org');
});
afterAll(() => harness?.close());

const asServer = { 'x-server-api-key': serverKey };
/** JSON of so many bytes: `{"a":"…"}`. */
const metadataOf = (bytes: number): object => ({
  a: 'ä'.repeat(Math.floor((bytes - 8) / 2)) + 'x'.repeat((bytes - 8) % 2),
});
const report = (headers: Record<string, string>, more: object): Promise<Reply> =>
  harness.call('POST', '/api/token-billing/process-usage', { userId, tokensUsed: 1, ...more }, headers);

describe('what a user may put into the books', () => {
  it('is 16 kB of metadata; servers report what they like', async () => {
    expect(Buffer.byteLength(JSON.stringify(metadataOf(16_384)))).toBe(16_384);
    const before = harness.ledger.records.length;
    const refused = await report(user, { tokensUsed: 0, metadata: metadataOf(16_385) });
    expect([refused.status, refused.body.success, refused.body.error]).toEqual([
      400,
      false,
      expect.stringContaining('16384 bytes'),
    ]);
    expect(harness.ledger.records.length).toBe(before);
    expect((await report(user, { metadata: metadataOf(16_384) })).status).toBe(200);
    expect((await report(asServer, { metadata: metadataOf(500_000) })).status).toBe(200);

    const use = (metadata: object): Promise<Reply> =>
      harness.call('POST', '/api/user/license-keys/ABC/use-token', { metadata }, user);
    expect((await use(metadataOf(16_385))).status).toBe(400);
    expect((await use(metadataOf(16_384))).status).toBe(404);
  });

  it('is 100 tier blocks with one report; servers are not limited so', async () => {
    const blocksOf = async (headers: Record<string, string>): Promise<unknown> => {
      await report(headers, {});
      return (harness.ledger.requests.filter(({ type }) => type === 'spend').at(-1)?.data as { blocks_max?: number })
        .blocks_max;
    };
    expect(await blocksOf(user)).toBe(100);
    expect(await blocksOf(asServer)).toBeUndefined();
    expect(await blocksOf(await harness.loggedIn('admin@localhost', 'admin-password-of-the-specs'))).toBeUndefined();
  });
});

describe('registrations', () => {
  // Guarantee: registrations in masses keep nobody from logging in.
  it('in masses keep no login waiting', async () => {
    const { host, port } = harness.gateway.address;
    let registered = 0;
    const register = (i: number): Promise<void> =>
      new Promise((resolve, reject) => {
        const sent = request(
          {
            host,
            port,
            localAddress: `127.0.0.${2 + (i % 4)}`,
            agent: false,
            method: 'POST',
            path: '/api/auth/register',
            headers: { 'content-type': 'application/json' },
          },
          (answer) => {
            answer.resume();
            registered += 1;
            resolve();
          },
        );
        sent.on('error', reject);
        sent.end(JSON.stringify({ email: `mass-${i}@example.org`, password: 'long enough', name: 'One of many' }));
      });
    const all = Promise.all(Array.from({ length: 60 }, (_, i) => register(i)));
    expect(
      (await harness.call('POST', '/api/auth/login', { email: 'mallory@example.org', password: 'long enough' })).status,
    ).toBe(200);
    expect(registered).toBeLessThan(20);
    await all;
  });

  it('can be switched off; those who are there go on', async () => {
    await harness.restart({ config: { registration: false } });
    const refused = await harness.call('POST', '/api/auth/register', {
      email: 'new@example.org',
      password: 'long enough',
      name: 'New',
    });
    expect([refused.status, refused.body]).toEqual([403, { success: false, error: 'Registration is switched off' }]);
    expect(
      (await harness.call('POST', '/api/auth/login', { email: 'mallory@example.org', password: 'long enough' })).status,
    ).toBe(200);
    expect(
      (await harness.call('POST', '/api/auth/login', { email: 'new@example.org', password: 'long enough' })).status,
    ).toBe(401);
  });
});
