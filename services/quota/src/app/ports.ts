import type { ProviderAnswer, Quota } from '../domain/provider-answer.ts';

/** Port: who owns the quotas. */
export interface Provider {
  /** false: no provider is configured, so every token is valid. */
  readonly knowsTokens: boolean;
  /**
   * Asks about a token; `always`: even if the circuit breaker is open.
   * @throws AppError('unavailable', QUOTA_SERVICE_UNAVAILABLE) for time-outs, 5xx, unreadable answers, and while the
   * breaker is open.
   */
  ask(token: string, options: { readonly always: boolean }): Promise<ProviderAnswer>;
}

/** The last valid answer for a token, which is stored by its hash only. */
export type StoredLimit = Quota & {
  /** false: the provider has refused the token since. */
  readonly valid: boolean;
  readonly fetchedMs: number;
  /** false: the log does not hold this limit yet. */
  readonly booked: boolean;
  /** false: the log has no limit of this token, so the account does not exist. */
  readonly opened: boolean;
};

/** Port: where the last answers are kept. */
export interface LimitStore {
  find(tokenHash: string): Promise<StoredLimit | null>;
  /** Stores an answer unless a newer one is stored. Answers what is stored then. */
  save(tokenHash: string, fetched: Quota & { readonly fetchedMs: number }): Promise<StoredLimit>;
  /** Marks a token as refused by the provider. A token that was never valid gets no row. */
  refuse(tokenHash: string, fetchedMs: number): Promise<void>;
  /** The log holds this limit. */
  booked(tokenHash: string, limit: { readonly bytes: bigint; readonly fetchedMs: number }): Promise<void>;
}

/** Port: the log of requests. */
export interface LimitLog {
  /** Opens the account if necessary and sets its limit. Resolves when the log holds both (rule 21). */
  append(limit: { readonly account: string; readonly bytes: bigint; readonly fetchedMs: number }): Promise<void>;
}
