import { hash } from 'node:crypto';

import type { QuotaCheck, QuotaQueries, QuotaView } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError, isStorableText } from '@tollgate/kernel';
import { LRUCache } from 'lru-cache';

import type { Quota } from '../domain/provider-answer.ts';
import { cacheMs, inUseMs, refreshDueMs } from '../domain/schedule.ts';
import type { LimitLog, LimitStore, Provider, StoredLimit } from './ports.ts';

export const tokenMax = 1_024;
/** Number of tokens in memory. The least recently used is dropped, and fetched again when it returns. */
const knownMax = 100_000;

/** `stored`: in the table, and in the log if the account is open. */
type Valid = Quota & {
  readonly valid: true;
  readonly fetchedMs: number;
  readonly stored: boolean;
  readonly opened: boolean;
};
type Answer = Valid | { readonly valid: false };

/** A token in use. Only this object holds the token itself, for requests to the provider; the store knows its hash. */
type Known = {
  readonly token: string;
  readonly hash: string;
  usedMs: number;
  /** Start of the newest fetch. Strictly increasing, because the ledger orders limits by it. */
  startedMs: number | null;
  refreshMs: number;
  cached: { readonly answer: Answer; readonly untilMs: number } | null;
  running: Promise<Answer> | null;
};

export type QuotasOptions = {
  readonly provider: Provider;
  readonly store: LimitStore;
  readonly log: LimitLog;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random?: () => number;
};

/**
 * The quotas of remote tokens. Fetches for one token never overlap, so the store, the cache and the log follow the
 * order of the fetches.
 */
export class Quotas implements QuotaQueries {
  readonly #options: QuotasOptions;
  readonly #known = new LRUCache<string, Known>({ max: knownMax });

  constructor(options: QuotasOptions) {
    this.#options = options;
  }

  async check({ token, refresh = false, use = false }: Parameters<QuotaQueries['check']>[0]): Promise<QuotaCheck> {
    if (!isToken(token)) return { valid: false };
    const nowMs = this.#options.clock.nowMs();
    const known = this.#remember(token, nowMs);
    known.usedMs = nowMs;
    const cached = !refresh && known.cached !== null && nowMs < known.cached.untilMs ? known.cached.answer : null;
    const answer = cached ?? (await this.#fetched(known, refresh));
    if (!use || !answer.valid || answer.opened) return this.#shown(known, answer);
    return this.#shown(known, await this.#open(known, answer));
  }

  async stored({ token }: { readonly token: string }): Promise<QuotaView | null> {
    if (!isToken(token)) return null;
    const tokenHash = hashOf(token);
    const stored = await this.#options.store.find(tokenHash);
    return stored === null ? null : viewOf(tokenHash, stored);
  }

  /** Tokens whose refresh is due. Tokens that are no longer in use are dropped. */
  due(): readonly string[] {
    const nowMs = this.#options.clock.nowMs();
    const due: string[] = [];
    for (const known of this.#known.values()) {
      if (known.running !== null) continue;
      if (nowMs - known.usedMs >= inUseMs) this.#known.delete(known.hash);
      else if (nowMs >= known.refreshMs) due.push(known.hash);
    }
    return due;
  }

  /** Fetches a token in the background. After a failure the next refresh tries again. */
  async refresh(tokenHash: string): Promise<void> {
    const known = this.#known.get(tokenHash);
    if (known !== undefined && known.running === null) await this.#run(known, false);
  }

  #remember(token: string, nowMs: number): Known {
    const tokenHash = hashOf(token);
    const known = this.#known.get(tokenHash) ?? {
      // Without a provider the token itself is not needed.
      token: this.#options.provider.knowsTokens ? token : '',
      hash: tokenHash,
      usedMs: nowMs,
      startedMs: null,
      refreshMs: Infinity,
      cached: null,
      running: null,
    };
    this.#known.set(tokenHash, known);
    return known;
  }

  /** Concurrent callers share a fetch. A forced refresh needs one that starts after the call. */
  async #fetched(known: Known, always: boolean): Promise<Answer> {
    if (always && known.running !== null) await known.running.catch(() => undefined);
    return known.running ?? this.#run(known, always);
  }

  #run(known: Known, always: boolean): Promise<Answer> {
    const running = this.#fetch(known, always).finally(() => {
      known.running = null;
    });
    known.running = running;
    return running;
  }

  async #fetch(known: Known, always: boolean): Promise<Answer> {
    const { provider, store, clock, random = Math.random } = this.#options;
    known.refreshMs = refreshDueMs(clock.nowMs(), random());
    known.startedMs ??= (await store.find(known.hash))?.fetchedMs ?? 0;
    const fetchedMs = Math.max(clock.nowMs(), known.startedMs + 1);
    known.startedMs = fetchedMs;
    const said = await provider.ask(known.token, { always }).catch((error: unknown) => {
      if (error instanceof AppError && error.kind === 'unavailable') return null;
      throw error;
    });
    if (said === null) return this.#lastKnown(known);
    const answer = await this.#kept(
      known,
      said.valid && !expired(said, clock) ? { ...said, fetchedMs } : { valid: false, fetchedMs },
    );
    known.cached = { answer, untilMs: clock.nowMs() + cacheMs };
    return answer;
  }

  async #kept(
    known: Known,
    said: (Quota & { readonly valid: true; readonly fetchedMs: number }) | { valid: false; fetchedMs: number },
  ): Promise<Answer> {
    const { store, provider } = this.#options;
    if (!said.valid) {
      await store.refuse(known.hash, said.fetchedMs);
      return { valid: false };
    }
    // An unverified token is stored only when it is used, because anybody can invent tokens.
    if (!provider.knowsTokens && (await store.find(known.hash)) === null)
      return { ...said, stored: false, opened: false };
    const stored = await store.save(known.hash, said);
    if (stored.opened) await this.#book(known.hash, stored);
    return stored.valid ? { ...stored, valid: true, stored: true } : { valid: false };
  }

  /** At the first use the account is opened with this limit. */
  async #open(known: Known, answer: Valid): Promise<Answer> {
    const { store } = this.#options;
    const kept = answer.stored ? await store.find(known.hash) : await store.save(known.hash, answer);
    if (kept === null || !kept.valid) return { valid: false };
    await this.#book(known.hash, kept);
    const opened: Valid = {
      ...kept,
      subscriptionType: answer.subscriptionType,
      valid: true,
      stored: true,
      opened: true,
    };
    if (known.cached?.answer.valid === true) known.cached = { ...known.cached, answer: opened };
    return opened;
  }

  /** The provider does not answer: falls back to the last stored quota, once the log holds it. Not cached. */
  async #lastKnown(known: Known): Promise<Answer> {
    known.cached = null;
    const stored = await this.#options.store.find(known.hash);
    if (stored === null || !stored.valid) return { valid: false };
    if (stored.opened) await this.#book(known.hash, stored);
    return { ...stored, valid: true, stored: true, subscriptionType: 'cached' };
  }

  /** After a crash between store and log, the next answer finds the limit not booked and appends it (rule 21). */
  async #book(tokenHash: string, stored: StoredLimit): Promise<void> {
    if (stored.booked) return;
    const { bytes, fetchedMs } = stored;
    await this.#options.log.append({ account: accountOf(tokenHash), bytes, fetchedMs });
    await this.#options.store.booked(tokenHash, { bytes, fetchedMs });
  }

  #shown(known: Known, answer: Answer): QuotaCheck {
    if (!answer.valid || expired(answer, this.#options.clock)) return { valid: false };
    return { valid: true, ...viewOf(known.hash, answer) };
  }
}

const isToken = (token: unknown): token is string =>
  typeof token === 'string' && token.length > 0 && token.length <= tokenMax && isStorableText(token);
const hashOf = (token: string): string => hash('sha256', token, 'hex');
const accountOf = (tokenHash: string): string => `quota:${tokenHash.slice(0, 32)}`;
const expired = ({ expiresMs }: Pick<Quota, 'expiresMs'>, clock: Clock): boolean =>
  expiresMs !== null && expiresMs <= clock.nowMs();

function viewOf(tokenHash: string, quota: Quota & { readonly fetchedMs: number; readonly opened: boolean }): QuotaView {
  return {
    account: accountOf(tokenHash),
    quota_bytes: String(quota.bytes),
    subscription_type: quota.subscriptionType,
    expires_at: quota.expiresMs === null ? null : new Date(quota.expiresMs).toISOString(),
    fetched_at: new Date(quota.fetchedMs).toISOString(),
    opened: quota.opened,
  };
}
