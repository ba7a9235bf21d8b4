import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { Writable } from 'node:stream';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@tollgate/service-kit';
import { waitFor } from '@tollgate/testing';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

import { GatewayHarness } from './testing/gateway-harness.ts';

const logged: string[] = [];
const destination = new Writable({
  write: (chunk: Buffer, _, done) => {
    logged.push(chunk.toString());
    done();
  },
});
const issuer = 'https://issuer.example',
  audience = 'tollgate';
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let provider: Server;
let harness: GatewayHarness;
beforeAll(async () => {
  keys = await generateKeyPair('ES256', { extractable: true });
  const keySet = JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'es', alg: 'ES256' }] });
  provider = createServer((_, reply) => reply.setHeader('content-type', 'application/json').end(keySet));
  provider.listen(0, '127.0.0.1');
  await once(provider, 'listening');
  const jwksUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/jwks`;
  harness = await GatewayHarness.start(undefined, {
    config: { outside: { jwksUrl, issuer, audience } },
    logger: createLogger({ service: 'gateway', level: 'info', destination }),
  });
});
afterAll(async () => {
  await harness?.close();
  provider?.close();
});

describe('an outside identity provider', () => {
  const bearer = async (sub: string): Promise<Record<string, string>> => {
    const token = await new SignJWT({ sub, name: 'Somebody' })
      .setProtectedHeader({ alg: 'ES256', kid: 'es' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime('1h')
      .sign(keys.privateKey);
    return { authorization: `Bearer ${token}` };
  };
  const profile = (headers: Record<string, string>) => harness.call('GET', '/api/user/profile', undefined, headers);

  // Guarantee: the operator of an outside provider cannot become a user, or the administrator, of the platform itself.
  it("has no say over those who log in here: their ids are nobody's subject", async () => {
    const registered = await harness.call('POST', '/api/auth/register', {
      email: 'local@example.org',
      password: 'long enough',
      name: 'Local',
    });
    const {
      body: {
        data: { user: admin },
      },
    } = await harness.call('POST', '/api/auth/login', {
      email: 'admin@localhost',
      password: 'admin-password-of-the-specs',
    });
    for (const id of [registered.body.data.id, admin.id]) {
      expect((await profile(await bearer(id))).status).toBe(401);
      expect((await harness.call('GET', '/v1/api-keys', undefined, await bearer(id))).status).toBe(401);
      expect(
        (
          await harness.call(
            'POST',
            '/api/token-billing/process-usage',
            { userId: id, tokensUsed: 1 },
            await bearer(id),
          )
        ).status,
      ).toBe(401);
    }
    const outside = await profile(await bearer('auth0|123'));
    expect([outside.status, outside.body.data.id]).toEqual([200, 'auth0|123']);
    // A row of one's own changes nothing: the next login is theirs still.
    expect((await profile(await bearer('auth0|123'))).status).toBe(200);
  });
});

describe('pages for browsers', () => {
  it('tell the browser what it may do with them; answers in JSON cost nothing for it', async () => {
    for (const path of [
      '/api-docs',
      '/api-docs/',
      '/api-docs/swagger-ui.css',
      '/api-docs/swagger-ui-init.js',
      '/api-docs-json',
      '/api-docs/events',
    ]) {
      const { headers, status } = await fetch(harness.gateway.address.url + path);
      expect([path, status]).toEqual([path, 200]);
      expect(headers.get('content-security-policy')).toMatch(
        /default-src 'self';.*frame-ancestors 'none';.*script-src 'self';/,
      );
      expect([
        headers.get('x-content-type-options'),
        headers.get('x-frame-options'),
        headers.get('referrer-policy'),
      ]).toEqual(['nosniff', 'DENY', 'no-referrer']);
    }
    const page = await (await fetch(`${harness.gateway.address.url}/api-docs`)).text();
    // No script stands in the page itself, which the policy would stop.
    expect(page.match(/<script(?![^>]*\ssrc=)[^>]*>\s*[^<\s]/g)).toBeNull();
    expect((await harness.call('GET', '/v1/accounts/x')).headers.get('content-security-policy')).toBeNull();
  });
});

describe('a request that its client breaks off', () => {
  async function reset(head: string, body: string): Promise<void> {
    const { host, port } = harness.gateway.address;
    const socket = connect(port, host);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    // 100 Continue says that the gateway works on the request.
    const continued = once(socket, 'data');
    socket.write(`${head}\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 1000\r\n\r\n${body}`);
    await continued;
    socket.resetAndDestroy();
  }

  // Guarantee: what operators are woken for is theirs to mend.
  it('is no outage of the database and no bug of ours, whatever it was', async () => {
    logged.length = 0;
    await reset(
      'POST /v1/accounts HTTP/1.1\r\ncontent-type: application/json\r\nx-server-api-key: first-server-key-of-the-specs',
      '{"id":',
    );
    await reset(
      'POST /api/optimize/submit HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=b\r\nx-token: t',
      '--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\nxx',
    );
    await reset(
      'POST /api/optimize/submit HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=b',
      '--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\nxx',
    );
    await reset(
      'POST /api/optimize/refresh-quota HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded',
      'token=',
    );
    // What a reset causes takes a few turns of the gateway's event loop, and these requests take more of them.
    for (let turn = 0; turn < 50; turn++) expect((await harness.server('GET', '/v1/accounts/none')).status).toBe(404);
    const troubles = logged
      .map((line) => JSON.parse(line) as { level: number; msg: string; code?: string })
      .filter(({ level }) => level >= 40);
    expect(troubles).toEqual([]);
  });
});

describe('health', () => {
  const get = async (path: string) => {
    const response = await fetch(harness.gateway.address.url + path);
    return { status: response.status, text: await response.text() };
  };

  it('has its details and the figures on the public port of one machine', async () => {
    expect(JSON.parse((await get('/health/ready')).text)).toEqual({
      ready: true,
      parts: expect.arrayContaining([expect.objectContaining({ name: 'database', up: true })]),
    });
    expect((await get('/metrics')).text).toContain('gateway_requests_total');
  });

  it('says ready or not and nothing else on the public port where the platform is distributed', async () => {
    const distributed = await harness.another({ publicDetails: false });
    try {
      const url = distributed.address.url;
      const ready = await fetch(`${url}/health/ready`);
      expect([ready.status, await ready.json()]).toEqual([200, { ready: true }]);
      expect((await fetch(`${url}/health/live`)).status).toBe(200);
      const metrics = await fetch(`${url}/metrics`);
      expect([metrics.status, await metrics.text()]).toEqual([404, expect.not.stringContaining('gateway_requests')]);
      harness.ledger.logDown = true;
      const down = await waitFor('readiness to say so', async () => {
        const answer = await fetch(`${url}/health/ready`);
        return answer.status === 503 ? answer : null;
      });
      expect(await down.json()).toEqual({ ready: false });
      expect((await distributed.health()).parts).toEqual(
        expect.arrayContaining([expect.objectContaining({ name: 'log', up: false })]),
      );
      const { paths } = (await (await fetch(`${url}/api-docs-json`)).json()) as { paths: Record<string, unknown> };
      expect(Object.keys(paths)).not.toContain('/metrics');
    } finally {
      harness.ledger.logDown = false;
      await distributed.stop();
    }
  });
});
