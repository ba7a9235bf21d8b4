import type { AccountView, LimitView } from '../answers/ledger-answers.ts';

/** What is asked of accounts; all that is given must hold. */
export type FindAccounts = {
  /**
   * Hundredths of a percent: what is used and held of a limit of the account's own, in its present period, is at least
   * this share.
   */
  readonly used_above_bp?: number;
  /**
   * What is left of the balance without what is held is less, each in its own unit; accounts that keep no balance are
   * not found.
   */
  readonly balance_below?: string;
  readonly unit?: string;
  /** The present owner. */
  readonly owner?: string;
  /** This account and those below it. */
  readonly under?: string;
  readonly after?: string;
  readonly limit: number;
};

/**
 * An account without its lots and holds; `nearest`: the limit of its own of which most is used, null where it has none.
 */
export type AccountFound = Omit<AccountView, 'lots' | 'holds'> & {
  readonly nearest: (LimitView & { readonly used_percent: string }) | null;
};

/** A page may hold fewer than asked for, also none, while `next` leads on: a look at many accounts is bounded. */
export type AccountsFound = { readonly items: readonly AccountFound[]; readonly next: string | null };
