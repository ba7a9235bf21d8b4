/**
 * When a wallet is topped up by itself: below `below` (balance less what is held), `units` are bought for
 * `amount_minor` of `currency` with what the customer `user_id` pays with. Units and amounts are decimal strings;
 * amounts are in minor units.
 */
export type AutoTopUpTerms = {
  readonly user_id: string;
  readonly below: string;
  readonly units: string;
  readonly amount_minor: string;
  readonly currency: string;
  /** Most that may be taken in a calendar day and in a calendar month, in UTC. */
  readonly day_max_minor: string;
  readonly month_max_minor: string;
  /** After how many refusals in a row it is paused until somebody resumes it. */
  readonly failures_max: number;
};
export type AutoTopUpView = AutoTopUpTerms & {
  readonly account: string;
  /**
   * `active`: it buys when the wallet is low · `waiting`: not before `next_try_at` · `limited`: a ceiling is reached
   * until `next_try_at` · `paused`: it was refused `failures_max` times, until somebody resumes it.
   */
  readonly status: 'active' | 'waiting' | 'limited' | 'paused';
  /** Refusals since the last success or resumption. */
  readonly failures: number;
  /** What Stripe said the last time that it refused. */
  readonly reason: string | null;
  readonly next_try_at: string | null;
  /** Taken, or being taken, in the present day and month. */
  readonly day_minor: string;
  readonly month_minor: string;
  readonly changed_by: string;
  readonly changed_at: string;
};

/**
 * `pending`: to be charged, or its outcome is not known · `processing`: Stripe is at it · `paid`: the money was taken
 * and the units are on their way · `succeeded`: the wallet has them · `failed`: nothing was taken · `unresolved`: the
 * money was taken and the units cannot be given; a person decides.
 */
export const topUpStatuses = ['pending', 'processing', 'paid', 'succeeded', 'failed', 'unresolved'] as const;
export type TopUpStatus = (typeof topUpStatuses)[number];
export type TopUpView = {
  readonly id: string;
  readonly account: string;
  readonly user_id: string;
  readonly units: string;
  readonly amount_minor: string;
  readonly currency: string;
  readonly status: TopUpStatus;
  /** Why it failed, or cannot be resolved. */
  readonly reason: string | null;
  /** What the wallet had when it was begun. */
  readonly available_before: string;
  readonly payment_intent: string | null;
  readonly paid_at: string | null;
  readonly next_try_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
};

type Act = { readonly by: string; readonly address?: string };

/** Auto top-up of wallets, as others may ask billing for it. */
export type TopUpQueries = {
  /**
   * Sets the terms; the same again changes nothing. Changing them resumes what was paused.
   * @throws AppError('conflict', TOP_UP_PAYER_MISSING) while the customer has nothing to pay with.
   * @throws AppError('conflict', ACCOUNT_KIND_CONFLICT) for what is no wallet; ('conflict', ACCOUNT_CLOSED);
   * ('not_found', ACCOUNT_UNKNOWN).
   */
  putAutoTopUp(query: { readonly account: string; readonly terms: AutoTopUpTerms } & Act): Promise<AutoTopUpView>;
  /** null: the wallet has none. */
  autoTopUp(query: { readonly account: string }): Promise<AutoTopUpView | null>;
  /** Buys nothing any more; one that is under way is finished. null: the wallet had none. */
  removeAutoTopUp(query: { readonly account: string } & Act): Promise<AutoTopUpView | null>;
  /** Forgets refusals and waits; null: the wallet has none. */
  resumeAutoTopUp(query: { readonly account: string } & Act): Promise<AutoTopUpView | null>;
  /** Wallets that are topped up by themselves, by account; `after` is the last account of the previous page. */
  autoTopUps(query: {
    readonly after?: string;
    readonly limit: number;
  }): Promise<{ readonly items: readonly AutoTopUpView[]; readonly next: string | null }>;
  /** Newest first; `after` is the cursor of the previous page. */
  topUps(query: {
    readonly account?: string;
    readonly status?: TopUpStatus;
    readonly after?: string;
    readonly limit: number;
  }): Promise<{ readonly items: readonly TopUpView[]; readonly next: string | null }>;
};
