import { createHmac, timingSafeEqual } from 'node:crypto';

import type { Clock } from '@tollgate/kernel';
import { AppError, hasAtMost, isStorableText } from '@tollgate/kernel';
import { type Loop, startPeriodic } from '@tollgate/service-kit';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';

import type { Access } from './access.ts';
import { fingerprint } from './access.ts';
import type { User, UserStore } from './users.ts';

export type OutsideProvider = { readonly jwksUrl: string; readonly issuer: string; readonly audience: string };

/** How long a login is good for; users log in daily at most. */
const loginTtlS = 24 * 3600;
const rememberedMax = 20_000;
const keyPrefix = 'tgu_';

/** A login or key ended at another gateway stops working here within this time. */
const refreshMs = 1_000;

type RememberedAccess = { readonly userId: string; readonly access: Access; readonly expiresMs: number };

/**
 * Verifies logins and API keys of users. A token is verified once and then cached until it expires by the real clock,
 * so the consuming routes need no cryptography and no query.
 */
export class UserAccess {
  readonly #secret: Uint8Array;
  readonly #users: UserStore;
  readonly #realClock: Clock;
  readonly #outside: OutsideProvider | null;
  readonly #outsideKeys: JWTVerifyGetKey | null;
  readonly #tokens = new LRUCache<string, RememberedAccess>({ max: rememberedMax });
  readonly #apiKeys = new LRUCache<string, RememberedAccess>({ max: rememberedMax });
  /** Number of invalidations. A row that was read before one must not be cached after it. */
  #forgotten = 0;
  #lookedAt: Date | null = null;
  #loop: Loop | null = null;

  constructor(options: {
    jwtSecret: string;
    users: UserStore;
    realClock: Clock;
    outside?: OutsideProvider | undefined;
  }) {
    this.#secret = new TextEncoder().encode(options.jwtSecret);
    this.#users = options.users;
    this.#realClock = options.realClock;
    this.#outside = options.outside ?? null;
    this.#outsideKeys = options.outside === undefined ? null : createRemoteJWKSet(new URL(options.outside.jwksUrl));
  }

  /** Starts following credentials that other gateways end. */
  async start(): Promise<void> {
    await this.#refresh();
    // While the database is away, known credentials stay valid.
    this.#loop = startPeriodic({ everyMs: refreshMs, work: () => this.#refresh(), onFailure: () => undefined });
  }

  async stop(): Promise<void> {
    await this.#loop?.stop();
  }

  /** Drops these users from the cache. */
  forget(userIds: readonly string[]): void {
    if (userIds.length === 0) return;
    this.#forgotten += 1;
    const gone = new Set(userIds);
    for (const memory of [this.#tokens, this.#apiKeys])
      for (const [name, { userId }] of memory.entries()) if (gone.has(userId)) memory.delete(name);
  }

  /**
   * Signs a login that is valid for 24 hours: HS256, `sub` is the user's id, `ver` is invalid after the next change of
   * the user's credentials.
   */
  async issue(user: User): Promise<string> {
    const nowS = Math.floor(this.#realClock.nowMs() / 1000);
    return new SignJWT({
      role: user.role,
      ver: user.tokenVersion,
      ...(user.email === null ? {} : { email: user.email }),
    })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(user.id)
      .setIssuedAt(nowS)
      .setExpirationTime(nowS + loginTtlS)
      .sign(this.#secret);
  }

  /** The holder of a bearer token. Answers synchronously if the token is cached. */
  verifyToken(token: string): Access | Promise<Access> {
    const remembered = this.#tokens.get(fingerprint(token));
    if (remembered !== undefined) {
      if (remembered.expiresMs > this.#realClock.nowMs()) return remembered.access;
      this.#tokens.delete(fingerprint(token));
      return { fault: 'expired' };
    }
    return this.#verifyNewToken(token);
  }

  /**
   * The user's API key. It is derived, so it can be shown again and is stored nowhere. null: the user has revoked it.
   */
  apiKeyOf(user: User): string | null {
    if (user.keySalt === null) return null;
    const id = Buffer.from(user.id, 'utf8').toString('base64url');
    return `${keyPrefix}${id}.${this.#mac(user.id, user.keySalt).toString('base64url')}`;
  }

  verifyApiKey(key: string): Access | Promise<Access> {
    return this.#apiKeys.get(fingerprint(key))?.access ?? this.#verifyNewApiKey(key);
  }

  async #verifyNewApiKey(key: string): Promise<Access> {
    const dot = key.indexOf('.');
    if (!key.startsWith(keyPrefix) || dot === -1 || key.length > 1_000) return { fault: 'invalid' };
    const userId = Buffer.from(key.slice(keyPrefix.length, dot), 'base64url').toString('utf8');
    if (userId.includes('\u0000')) return { fault: 'invalid' };
    const forgotten = this.#forgotten;
    const user = await this.#users.byId(userId);
    const given = Buffer.from(key.slice(dot + 1), 'base64url');
    if (user === null || user.keySalt === null) return { fault: 'invalid' };
    const expected = this.#mac(user.id, user.keySalt);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return { fault: 'invalid' };
    const access: Access = {
      principal: { type: 'user', userId: user.id, admin: user.role === 'admin', name: user.email },
    };
    if (forgotten === this.#forgotten)
      this.#apiKeys.set(fingerprint(key), { userId: user.id, access, expiresMs: Infinity });
    return access;
  }

  #mac(userId: string, salt: string): Buffer {
    return createHmac('sha256', this.#secret).update(`user-api-key\n${userId}\n${salt}`).digest();
  }

  async #refresh(): Promise<void> {
    const { ids, now } = await this.#users.changedSince(this.#lookedAt);
    this.#lookedAt = now;
    this.forget(ids);
  }

  async #verifyNewToken(token: string): Promise<Access> {
    if (token.length > 8_192) return { fault: 'invalid' };
    const alg = algorithmOf(token);
    if (alg === undefined) return { fault: 'invalid' };
    const ours = alg === 'HS256';
    let payload: JWTPayload;
    try {
      payload = ours ? await this.#verifyOurs(token) : await this.#verifyOutside(token);
    } catch (error) {
      if (error instanceof errors.JWTExpired) return { fault: 'expired' };
      // An outage of the identity provider does not make the token invalid.
      if (isOutage(error)) {
        const detail = 'the identity provider does not answer';
        throw new AppError('unavailable', 'IDENTITY_PROVIDER_UNAVAILABLE', detail, {}, error);
      }
      return { fault: 'invalid' };
    }
    const { sub, exp } = payload;
    if (!isUserId(sub) || exp === undefined) return { fault: 'invalid' };
    const forgotten = this.#forgotten;
    const user = await this.#users.byId(sub);
    if (user !== null && !isOfUser(payload, user, ours)) return { fault: 'invalid' };
    // Without a row, a token signed by us is trusted for the role; one of an external provider gives an ordinary user.
    const admin = user === null ? ours && payload['role'] === 'admin' : user.role === 'admin';
    const access: Access = {
      principal: {
        type: 'user',
        userId: sub,
        admin,
        ...named(user?.email ?? profileOf(payload).email),
        ...(ours ? {} : { profile: profileOf(payload) }),
      },
    };
    if (forgotten === this.#forgotten)
      this.#tokens.set(fingerprint(token), { userId: sub, access, expiresMs: exp * 1000 });
    return access;
  }

  async #verifyOurs(token: string): Promise<JWTPayload> {
    const { payload } = await jwtVerify(token, this.#secret, {
      algorithms: ['HS256'],
      currentDate: new Date(this.#realClock.nowMs()),
    });
    return payload;
  }

  async #verifyOutside(token: string): Promise<JWTPayload> {
    if (this.#outside === null || this.#outsideKeys === null)
      throw new errors.JWTInvalid('no outside identity provider');
    const { issuer, audience } = this.#outside;
    const { payload } = await jwtVerify(token, this.#outsideKeys, {
      algorithms: ['RS256', 'ES256'],
      issuer,
      audience,
      requiredClaims: ['exp', 'sub'],
      currentDate: new Date(this.#realClock.nowMs()),
    });
    return payload;
  }
}

/**
 * Our own login is valid until the user's credentials change. An external provider must not log in users who have a
 * password here, because it could name any id.
 */
function isOfUser(payload: JWTPayload, user: User, ours: boolean): boolean {
  return ours ? (payload['ver'] ?? 0) === user.tokenVersion : user.passwordHash === null;
}

/** Whether a subject can be stored as a user id. The type is only the token issuer's claim. */
function isUserId(sub: unknown): sub is string {
  return typeof sub === 'string' && sub.length >= 1 && hasAtMost(255, sub) && isStorableText(sub);
}

/**
 * The algorithm; undefined if this is no JWT. jose throws a TypeError then, which elsewhere means a lost connection.
 */
function algorithmOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg;
  } catch {
    return undefined;
  }
}

/** The key set could not be fetched: no connection, a time-out, or an answer that is no key set. */
function isOutage(error: unknown): boolean {
  // Compared by name, because errors of fetch may come from another realm.
  if (error instanceof errors.JWKSTimeout || (error as Error | undefined)?.name === 'TypeError') return true;
  return error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC';
}

function profileOf(payload: JWTPayload): { email?: string; name?: string } {
  const { email, name } = payload;
  return { ...(typeof email === 'string' ? { email } : {}), ...(typeof name === 'string' ? { name } : {}) };
}

const named = (name: string | null | undefined): { readonly name?: string } =>
  name === null || name === undefined ? {} : { name };
