import type { ProviderAnswer, Quota } from '../domain/provider-answer.ts';

/** Port: who owns the quotas. */
export interface Provider {
  /** false: none is configured, so that any token is valid and says nothing about anybody. */
  readonly knowsTokens: boolean;
  /**
   * Asks about one token; `always`: whatever the circuit breaker says.
   * @throws AppError('unavailable', QUOTA_SERVICE_UNAVAILABLE) for time-outs, 5xx, answers that cannot be read, and
   * while the breaker is open.
   */
  ask(token: string, options: { readonly always: boolean }): Promise<ProviderAnswer>;
}

/** The last valid answer for a token, known by its hash only. */
export type StoredLimit = Quota & {
  /** false: the provider has refused the token since. */
  readonly valid: boolean;
  readonly fetchedMs: number;
  /** false: the log does not hold this limit yet. */
  readonly booked: boolean;
  /** false: the log has no limit of this token at all, so that it has no account. */
  readonly opened: boolean;
};

/** Port: where the last answers are kept. */
export interface LimitStore {
  find(tokenHash: string): Promise<StoredLimit | null>;
  /** Keeps an answer unless a newer fetch is kept already; answers what is kept then. */
  save(tokenHash: string, fetched: Quota & { readonly fetchedMs: number }): Promise<StoredLimit>;
  /**
   * The provider refused a token: what is stored of it no longer counts. A token that was never valid leaves no row.
   */
  refuse(tokenHash: string, fetchedMs: number): Promise<void>;
  /** The log holds this limit. */
  booked(tokenHash: string, limit: { readonly bytes: bigint; readonly fetchedMs: number }): Promise<void>;
}

/** Port: the log of requests. */
export interface LimitLog {
  /** Opens the account where there is none and sets its limit; resolves once the log holds both (rule 21). */
  append(limit: { readonly account: string; readonly bytes: bigint; readonly fetchedMs: number }): Promise<void>;
}
