import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { wallClock } from '@tollgate/kernel';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

import { UsersMemory } from '../../testing/users-memory.ts';
import { UserAccess } from './user-access.ts';

const jwtSecret = 's'.repeat(32);
const issuer = 'https://issuer.example',
  audience = 'tollgate';
const users = new UsersMemory();
type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let rs: Keys, es: Keys, stranger: Keys, server: Server, access: UserAccess, jwksUrl: string;

beforeAll(async () => {
  rs = await generateKeyPair('RS256', { extractable: true });
  es = await generateKeyPair('ES256', { extractable: true });
  stranger = await generateKeyPair('ES256', { extractable: true });
  const keys = [
    { ...(await exportJWK(rs.publicKey)), kid: 'rs', alg: 'RS256' },
    { ...(await exportJWK(es.publicKey)), kid: 'es', alg: 'ES256' },
  ];
  const keySet = JSON.stringify({ keys });
  server = createServer((_, reply) => reply.setHeader('content-type', 'application/json').end(keySet));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  access = new UserAccess({ jwtSecret, users, realClock: wallClock, outside: { jwksUrl, issuer, audience } });
});
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

type Claims = {
  readonly alg?: string;
  readonly kid?: string;
  readonly iss?: string;
  readonly aud?: string;
  readonly sub?: unknown;
  /** Seconds from now. */
  readonly exp?: number;
};
function sign(key: Parameters<SignJWT['sign']>[0], claims: Claims = {}): Promise<string> {
  const { alg = 'ES256', kid = 'es', iss = issuer, aud = audience, sub = 'ada', exp = 60 } = claims;
  return new SignJWT({ sub, role: 'admin', name: 'Ada' } as never)
    .setProtectedHeader({ alg, kid })
    .setIssuer(iss)
    .setAudience(aud)
    .setExpirationTime(Math.floor(Date.now() / 1000) + exp)
    .sign(key);
}

describe('logins of an outside identity provider', () => {
  it('are accepted with RS256 and ES256, as ordinary users whatever role they claim', async () => {
    for (const token of [await sign(es.privateKey), await sign(rs.privateKey, { alg: 'RS256', kid: 'rs' })]) {
      const principal = { type: 'user', userId: 'ada', admin: false, profile: { name: 'Ada' } };
      expect(await access.verifyToken(token)).toEqual({ principal });
    }
  });

  it('are refused of another issuer, audience or key, without a usable subject, and when expired', async () => {
    const tokens = await Promise.all([
      sign(es.privateKey, { iss: 'https://other.example' }),
      sign(es.privateKey, { aud: 'other' }),
      sign(stranger.privateKey),
      sign(es.privateKey, { kid: 'unknown' }),
      sign(es.privateKey, { sub: 'a\u0000' }),
      sign(es.privateKey, { sub: 5 }),
      sign(es.privateKey, { sub: '' }),
    ]);
    for (const token of tokens) expect(await access.verifyToken(token)).toEqual({ fault: 'invalid' });
    expect(await access.verifyToken(await sign(es.privateKey, { exp: -60 }))).toEqual({ fault: 'expired' });
  });

  it('are neither accepted nor refused while the provider does not answer', async () => {
    const token = await sign(es.privateKey);
    const outside = { jwksUrl: 'http://127.0.0.1:1/jwks', issuer, audience };
    const away = new UserAccess({ jwtSecret, users, realClock: wallClock, outside });
    const problem = { code: 'IDENTITY_PROVIDER_UNAVAILABLE', kind: 'unavailable' };
    await expect(away.verifyToken(token)).rejects.toMatchObject(problem);
  });
});

describe('our own logins', () => {
  const own = (claims: object): Promise<string> =>
    new SignJWT(claims as never)
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(jwtSecret));

  it('need a subject that can be stored', async () => {
    for (const sub of [5, '', 'a\u0000b', '\ud800', 'x'.repeat(256), undefined]) {
      expect(await access.verifyToken(await own({ sub }))).toEqual({ fault: 'invalid' });
    }
    const found = await access.verifyToken(await own({ sub: 'user-123' }));
    expect(found).toMatchObject({ principal: { userId: 'user-123' } });
  });
});
