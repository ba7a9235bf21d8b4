import { hash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@tollgate/kernel';
import { newBucket, takeOne } from '../domain/token-bucket.ts';
import type { TokenBucket } from '../domain/token-bucket.ts';
import { Remembered, scopes } from './access.ts';
import type { Access, Scope } from './access.ts';

export type StoredKey = {
  readonly id: string;
  readonly name: string | null;
  /** SHA-256 of the key in hex; the key itself is nowhere. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  readonly rateLimitPerS: number | null;
  readonly createdAt: string;
  readonly revokedAt: string | null;
};

/** Port: where keys are kept. */
export interface ServerKeyStore {
  insert(key: Omit<StoredKey, 'createdAt' | 'revokedAt'>): Promise<StoredKey>;
  /** Not revoked, newest first. */
  list(): Promise<readonly StoredKey[]>;
  /** null: no such key that is not revoked. */
  revoke(id: string): Promise<StoredKey | null>;
}

type Known = { readonly access: Access; readonly bucket: TokenBucket | null };

/** Keys revoked at another gateway stop working here after this long at most. */
const refreshMs = 2_000;
const knownMax = 10_000;

/**
 * Server keys: hashed at rest, compared once per distinct string, then found in memory. Revoking takes effect at this gateway
 * at once, at the others within two seconds.
 */
export class ServerKeys {
  private readonly store: ServerKeyStore;
  private readonly realClock: Clock;
  private readonly firstHash: Buffer;
  private byHash = new Map<string, StoredKey>();
  private readonly known = new Remembered<Known>(knownMax);
  private timer: NodeJS.Timeout | null = null;
  private version = '';

  constructor(options: { store: ServerKeyStore; firstKey: string; realClock: Clock }) {
    this.store = options.store;
    this.realClock = options.realClock;
    this.firstHash = Buffer.from(sha256(options.firstKey), 'hex');
  }

  async start(): Promise<void> {
    await this.refresh();
    this.timer = setInterval(() => {
      // A database that is away changes nothing: the keys known so far go on working.
      this.refresh().catch(() => undefined);
    }, refreshMs);
    this.timer.unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  /** Who holds `key`; a rate-limited key may be told to wait. */
  verify(key: string): Access {
    let known = this.known.get(key);
    if (known === undefined) {
      known = this.recognise(key);
      this.known.set(key, known);
    }
    if (known.bucket !== null) {
      const retryAfterS = takeOne(known.bucket, this.realClock.nowMs());
      if (retryAfterS > 0) return { fault: { retryAfterS } };
    }
    return known.access;
  }

  /** Makes a key; the answer is the only time it is seen. */
  async create(options: { name?: string | undefined; scopes: readonly Scope[]; rateLimitPerS?: number | undefined }): Promise<{ key: string; stored: StoredKey }> {
    const key = `tg_${randomBytes(24).toString('base64url')}`;
    const stored = await this.store.insert({
      id: randomUUID(),
      name: options.name ?? null,
      hash: sha256(key),
      scopes: options.scopes,
      rateLimitPerS: options.rateLimitPerS ?? null,
    });
    await this.refresh();
    return { key, stored };
  }

  list(): Promise<readonly StoredKey[]> {
    return this.store.list();
  }

  async revoke(id: string): Promise<StoredKey | null> {
    const revoked = await this.store.revoke(id);
    await this.refresh();
    return revoked;
  }

  private async refresh(): Promise<void> {
    const keys = await this.store.list();
    const version = keys.map((key) => key.id).join();
    if (version === this.version) return;
    this.version = version;
    this.byHash = new Map(keys.map((key) => [key.hash, key]));
    this.known.clear();
  }

  private recognise(key: string): Known {
    const digest = sha256(key);
    if (timingSafeEqual(Buffer.from(digest, 'hex'), this.firstHash)) {
      return { access: { principal: { type: 'server', keyId: 'first', scopes: new Set(scopes) } }, bucket: null };
    }
    const stored = this.byHash.get(digest);
    if (stored === undefined) return { access: { fault: 'invalid' }, bucket: null };
    return {
      access: { principal: { type: 'server', keyId: stored.id, scopes: new Set(stored.scopes) } },
      bucket: stored.rateLimitPerS === null ? null : newBucket(stored.rateLimitPerS, this.realClock.nowMs()),
    };
  }
}

const sha256 = (text: string): string => hash('sha256', text, 'hex');
