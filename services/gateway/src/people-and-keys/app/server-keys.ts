import { hash, randomBytes, randomUUID } from 'node:crypto';

import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import { type Loop, startPeriodic } from '@tollgate/service-kit';

import type { TokenBucket } from '../domain/token-bucket.ts';
import { newBucket, takeOne } from '../domain/token-bucket.ts';
import type { Access, Scope } from './access.ts';
import { scopes } from './access.ts';

export type StoredKey = {
  readonly id: string;
  readonly name: string | null;
  /** SHA-256 of the key in hex. The key itself is stored nowhere. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  readonly rateLimitPerS: number | null;
  /** The key works for this account and those below it; null: for all. */
  readonly account: string | null;
  /** ISO 8601; null: the key has no end. */
  readonly expiresAt: string | null;
  /** Delayed by some seconds for uses at another gateway; null: never used. */
  readonly lastUsedAt: string | null;
  readonly createdAt: string;
  readonly revokedAt: string | null;
};
type NewKey = Pick<StoredKey, 'name' | 'scopes' | 'rateLimitPerS' | 'account' | 'expiresAt'>;
export type MadeKey = { readonly key: string; readonly stored: StoredKey };

/** Port: where keys are kept. */
export interface ServerKeyStore {
  insert(key: NewKey & Pick<StoredKey, 'id' | 'hash'>): Promise<StoredKey>;
  /** Inserts a successor and sets the end of the old key in one transaction; null: no such key in force. */
  replace(
    id: string,
    successor: Pick<StoredKey, 'id' | 'hash'> & { readonly expiresAt?: string | undefined },
    oldEndsAt: Date,
  ): Promise<StoredKey | null>;
  /** Not revoked, newest first. */
  list(): Promise<readonly StoredKey[]>;
  /** null: no such key that is not revoked. */
  revoke(id: string): Promise<StoredKey | null>;
  /** Times of use only move forward. */
  used(uses: readonly { readonly id: string; readonly atMs: number }[]): Promise<void>;
}

type Known = {
  readonly stored: StoredKey | null;
  readonly access: Access;
  readonly expiresMs: number;
  readonly bucket: TokenBucket | null;
  /** Last use at this gateway, and the last use that was stored. */
  usedMs: number;
  keptMs: number;
};

/** A key revoked at another gateway stops working here within this time. */
const refreshMs = 2_000;
/** Uses are written this often, all keys in one statement. */
const usesMs = 10_000;
const unknown: Access = { fault: 'invalid' };
const expired: Access = { fault: 'key expired' };

/**
 * Server keys: stored as hashes and looked up in memory. Revocation takes effect at this gateway at once and at others
 * within two seconds. Keys end by the real clock.
 */
export class ServerKeys {
  readonly #store: ServerKeyStore;
  readonly #realClock: Clock;
  readonly #first: Known;
  readonly #firstHash: string;
  #byHash: ReadonlyMap<string, Known> = new Map();
  #loops: readonly Loop[] = [];
  #version = '';

  constructor(options: { store: ServerKeyStore; firstKey: string; realClock: Clock }) {
    this.#store = options.store;
    this.#realClock = options.realClock;
    this.#firstHash = sha256(options.firstKey);
    const principal = {
      type: 'server',
      keyId: 'first',
      scopes: new Set(scopes),
      account: null,
      name: 'first server key',
    } as const;
    this.#first = { stored: null, access: { principal }, expiresMs: Infinity, bucket: null, usedMs: 0, keptMs: 0 };
  }

  async start(): Promise<void> {
    await this.#refresh();
    // While the database is away the known keys stay valid, and uses are written later.
    const every = (everyMs: number, work: () => Promise<void>): Loop =>
      startPeriodic({ everyMs, work, onFailure: () => undefined });
    this.#loops = [every(refreshMs, () => this.#refresh()), every(usesMs, () => this.#writeUses())];
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    await this.#writeUses().catch(() => undefined);
  }

  /** The holder of `key`, or why it is refused. */
  verify(key: string): Access {
    const digest = sha256(key);
    const known = digest === this.#firstHash ? this.#first : this.#byHash.get(digest);
    if (known === undefined) return unknown;
    const nowMs = this.#realClock.nowMs();
    if (known.expiresMs <= nowMs) return expired;
    known.usedMs = nowMs;
    if (known.bucket !== null) {
      const retryAfterS = takeOne(known.bucket, nowMs);
      if (retryAfterS > 0) return { fault: { retryAfterS } };
    }
    return known.access;
  }

  /**
   * Creates a key, which is shown only in this answer.
   * @throws AppError('invalid', TIME_OUT_OF_RANGE) for an end in the past.
   */
  async create(options: NewKey): Promise<MadeKey> {
    this.#refusePast(options.expiresAt);
    const { key, digest } = newKey();
    const stored = await this.#store.insert({ ...options, id: randomUUID(), hash: digest });
    await this.#refresh();
    return { key, stored };
  }

  /**
   * Creates a successor with the same rights. The key itself ends after the overlap, or earlier at its own end. The
   * successor ends when the key would have, unless an end is given. null: no such key in force.
   */
  async rotate(
    id: string,
    { overlapS, expiresAt }: { overlapS: number; expiresAt?: string | undefined },
  ): Promise<MadeKey | null> {
    this.#refusePast(expiresAt ?? null);
    const { key, digest } = newKey();
    const endsAt = new Date(this.#realClock.nowMs() + overlapS * 1_000);
    const stored = await this.#store.replace(id, { id: randomUUID(), hash: digest, expiresAt }, endsAt);
    await this.#refresh();
    return stored === null ? null : { key, stored };
  }

  async list(): Promise<readonly StoredKey[]> {
    await this.#writeUses();
    return this.#store.list();
  }

  async revoke(id: string): Promise<StoredKey | null> {
    const revoked = await this.#store.revoke(id);
    await this.#refresh();
    return revoked;
  }

  #refusePast(expiresAt: string | null): void {
    if (expiresAt === null || Date.parse(expiresAt) > this.#realClock.nowMs()) return;
    throw new AppError('invalid', 'TIME_OUT_OF_RANGE', 'expires_at lies in the past');
  }

  async #refresh(): Promise<void> {
    const keys = await this.#store.list();
    const version = keys.map(({ id, expiresAt }) => `${id} ${expiresAt}`).join();
    if (version === this.#version) return;
    this.#version = version;
    // A key that stays keeps its rate limit's state and its last use.
    this.#byHash = new Map(
      keys.map((stored) => [stored.hash, knownOf(stored, this.#byHash.get(stored.hash), this.#realClock.nowMs())]),
    );
  }

  async #writeUses(): Promise<void> {
    const used = [...this.#byHash.values()].filter(({ usedMs, keptMs }) => usedMs > keptMs);
    if (used.length === 0) return;
    const uses = used.map(({ stored, usedMs }) => ({ id: stored?.id ?? '', atMs: usedMs }));
    await this.#store.used(uses);
    for (const [index, known] of used.entries()) known.keptMs = uses[index]?.atMs ?? 0;
  }
}

function knownOf(stored: StoredKey, before: Known | undefined, nowMs: number): Known {
  const { id, account, expiresAt, rateLimitPerS } = stored;
  return {
    stored,
    access: { principal: { type: 'server', keyId: id, scopes: new Set(stored.scopes), account, name: stored.name } },
    expiresMs: expiresAt === null ? Infinity : Date.parse(expiresAt),
    bucket: before?.bucket ?? (rateLimitPerS === null ? null : newBucket(rateLimitPerS, nowMs)),
    usedMs: before?.usedMs ?? 0,
    keptMs: before?.keptMs ?? 0,
  };
}

function newKey(): { readonly key: string; readonly digest: string } {
  const key = `tg_${randomBytes(24).toString('base64url')}`;
  return { key, digest: sha256(key) };
}

const sha256 = (text: string): string => hash('sha256', text, 'hex');
