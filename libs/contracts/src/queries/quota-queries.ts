/** What quota answers over Nest's TCP transport (in one process: called directly). */
export type QuotaQueries = {
  /**
   * What a customer's token may use now: from the cache (5 minutes), else from the provider; with `refresh` always from
   * the provider. Where the provider does not answer, the last stored quota (type `cached`). The account is opened by
   * `use` only: it stands for a spend that follows. Before it answers then, or for the changed limit of an account that
   * is open, the log holds that limit (rule 21), so that a spend appended afterwards is decided by it.
   * @throws AppError('unavailable', QUOTA_SERVICE_UNAVAILABLE | LOG_UNAVAILABLE) when neither store nor log can be
   * reached.
   */
  check(query: { readonly token: string; readonly refresh?: boolean; readonly use?: boolean }): Promise<QuotaCheck>;
  /** What is stored of a token, without asking the provider; null: it was never valid here. */
  stored(query: { readonly token: string }): Promise<QuotaView | null>;
};

export type QuotaView = {
  /** The account in the ledger, in bytes: `quota:<first 32 hex digits of the token's SHA-256>`. */
  readonly account: string;
  /** Decimal string ≥ 0. */
  readonly quota_bytes: string;
  /** As the provider names it; `default` where none is configured, `cached` where it did not answer. */
  readonly subscription_type: string;
  readonly expires_at: string | null;
  /** When the fetch that brought this quota was started, by the platform's clock. */
  readonly fetched_at: string;
  /** false: nothing was used yet, so that the ledger has no account. */
  readonly opened: boolean;
};
/** `valid: false`: unknown to the provider, expired, or never seen and the provider is down. */
export type QuotaCheck = (QuotaView & { readonly valid: true }) | { readonly valid: false };

/** Pattern of quota's queries on Nest's TCP transport: `quota.query.<name>`. */
export const quotaQueryPattern = (name: keyof QuotaQueries): string => `quota.query.${name}`;
