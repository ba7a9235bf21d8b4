import type { AccountView, CrossingView, EntryView } from '../answers/ledger-answers.ts';
import type { ErasedDetails, EraseDetails } from './erasure.ts';
import type { AccountsFound, FindAccounts } from './find-accounts.ts';

/**
 * `booked`: it gets its first answer when it comes again; `reused`: its id is booked with another hash, so that it will
 * be refused.
 */
export type KnownEvent = 'unknown' | 'booked' | 'reused';

/**
 * Reads of committed books, answered by any ledger instance over Nest's TCP transport (in one process: called
 * directly).
 */
export type LedgerQueries = {
  /** null: no such account. `at`: as it was after the last entry recorded at or before this ISO time. */
  account(query: { readonly id: string; readonly at?: string }): Promise<AccountView | null>;
  /**
   * Accounts by what they have used, what is left, unit or owner, a page at a time. @throws AppError('invalid',
   * REQUEST_INVALID) for a cursor that is none.
   */
  accounts(query: FindAccounts): Promise<AccountsFound>;
  /** Whether any account lies below this one (its id and a slash begin theirs). */
  hasDescendants(query: { readonly account: string }): Promise<boolean>;
  /**
   * What an account used in the period that holds the ISO time `at`, late usage included, and the tier blocks entered
   * in it. null: no such account, or it has no periods.
   */
  usage(query: { readonly account: string; readonly at: string }): Promise<UsagePeriodView | null>;
  /**
   * Newest first; `after` is the cursor of the previous page; `from` inclusive and `to` exclusive bound recorded_at, or
   * with `by: 'use'` occurred_at. null: no such account.
   */
  entries(query: {
    readonly account: string;
    readonly after?: string;
    readonly limit: number;
    readonly from?: string;
    readonly to?: string;
    readonly by?: 'use' | 'booked';
    /** Only entries of these kinds. */
    readonly kinds?: readonly string[];
    /** The first number within the account that is shown. */
    readonly from_seq?: string;
  }): Promise<{ readonly items: readonly EntryView[]; readonly next: string | null; readonly total?: number } | null>;
  entry(query: { readonly id: string }): Promise<EntryView | null>;
  /**
   * The entry (its number within the account) by which an account came to belong to its present owner, the first of all
   * where nobody else ever owned it; null: it does not belong to `owner`.
   */
  ownedSince(query: {
    readonly account: string;
    readonly owner: string;
  }): Promise<{ readonly seq: string; readonly recorded_at: string } | null>;
  /** The account that the id of a hold names; null: no such account. */
  holdAccount(query: { readonly id: string }): Promise<string | null>;
  /** How the amount of a rated entry came about; null: no such entry. */
  explain(query: { readonly id: string }): Promise<Explanation | null>;
  /** null: no such entry; `not_sealed` within the first second. */
  proof(query: { readonly id: string }): Promise<ProofView | 'not_sealed' | null>;
  /** What is known of each of these events, in order. */
  known(query: {
    readonly events: readonly {
      readonly account: string;
      readonly source: string;
      readonly id: string;
      readonly hash?: string;
    }[];
  }): Promise<readonly KnownEvent[]>;
  /**
   * Of these wallets the ones whose balance, less what is held, is below their bound; what is no wallet, or takes no
   * grants, is not among them.
   */
  walletsBelow(query: {
    readonly wallets: readonly { readonly account: string; readonly below: string }[];
  }): Promise<readonly { readonly account: string; readonly available: string }[]>;
  /** What became of requests that nobody waited for, in order. Refusals are kept for 30 days. */
  requestOutcomes(query: {
    readonly requests: readonly { readonly account: string; readonly source: string; readonly id: string }[];
  }): Promise<readonly RequestOutcome[]>;
  refused(query: { readonly account?: string; readonly after?: string; readonly limit: number }): Promise<{
    readonly items: readonly RefusedView[];
    readonly next: string | null;
  }>;
  /**
   * Refusals of the last 30 days, newest first: answered ones (the newest 1,000 an account; beyond 60 a minute they are
   * counted) and those of requests nobody waited for. `under`: of the accounts below `account` too; `after` is the
   * cursor of the previous page.
   */
  refusals(query: {
    readonly account?: string;
    readonly under?: boolean;
    readonly code?: string;
    readonly after?: string;
    readonly limit: number;
  }): Promise<{ readonly items: readonly RefusalView[]; readonly next: string | null }>;
  /** Records that could not be read, newest first; `after` is the cursor of the previous page. */
  deadLetters(query: { readonly after?: string; readonly limit: number }): Promise<{
    readonly items: readonly DeadLetterView[];
    readonly next: string | null;
  }>;
  /**
   * Appends a dead letter's record again to its partition of the log and answers where; null: there is no such dead
   * letter. Harmless when repeated, because what it asks is booked once; a record that is still unreadable is a dead
   * letter again.
   * @throws AppError('unavailable', LOG_UNAVAILABLE) as the log does.
   */
  replayDeadLetter(query: {
    readonly id: string;
  }): Promise<{ readonly partition: number; readonly offset: number } | null>;
  /** Versions in force or to come, as the partitions have booked them. */
  catalog(query: { readonly catalog: 'rate-card' | 'price-plan' }): Promise<readonly CatalogBooked[]>;
  /**
   * What was committed after a place in each partition (partition_seq, exclusive), in order, without details; at most
   * about `limit` entries. A feed for services: a reader that keeps its place misses and repeats nothing.
   * `heads`: the last place.
   */
  bookedAfter(query: {
    readonly after: readonly { readonly partition: number; readonly seq: string }[];
    readonly limit: number;
    /** Items say what they took of limits, allowance and balance. */
    readonly taken?: boolean;
  }): Promise<{
    readonly items: readonly BookedEntry[];
    readonly heads: readonly { readonly partition: number; readonly seq: string }[];
  }>;
  /**
   * Tier blocks of periods that start in [from, to), a page at a time in an order of their own; `after` is the cursor
   * of the previous page. What is committed meanwhile may or may not be among them.
   */
  crossings(query: {
    readonly from: string;
    readonly to: string;
    readonly after?: string;
    readonly limit: number;
  }): Promise<{
    readonly items: readonly CrossingEntered[];
    readonly next: string | null;
  }>;
  /**
   * Erases words beside entries, a page a call, and checks that the seals over them still hold (rule 29). May be
   * repeated.
   */
  eraseDetails(query: EraseDetails): Promise<ErasedDetails>;
  /** Per partition: who owns it, how far it is, why it halted. */
  partitions(query: Record<string, never>): Promise<readonly PartitionView[]>;
};

export type RequestOutcome =
  { readonly state: 'booked' | 'unknown' } | { readonly state: 'refused'; readonly code: string };

export type UsagePeriodView = {
  readonly period: { readonly start: string; readonly end: string };
  readonly used: string;
  /** The version that prices the period and what it calls the tier reached; amounts in minor units of the currency. */
  readonly plan: {
    readonly name: string | null;
    readonly version: number;
    readonly fixed_fee: string;
    readonly currency: string;
    readonly tier: string;
    /** Units that cost nothing, and units of a block beyond them. */
    readonly included: string;
    readonly block: string;
  };
  readonly crossings: readonly CrossingView[];
};
export type ExplanationStep = { readonly step: string; readonly formula: string; readonly result: string };
export type Explanation = {
  readonly entry: EntryView;
  readonly rate: { readonly card: string; readonly version: number; readonly effective_from: string } | null;
  readonly inputs: Readonly<Record<string, string>>;
  readonly steps: readonly ExplanationStep[];
  readonly result: string;
};

/** An inclusion proof after RFC 6962 §2.1.1; hashes in lower-case hex. */
export type ProofView = {
  readonly entry: string;
  /** The bytes (UTF-8) whose hash SHA-256(0x00 ‖ leaf) is the leaf. */
  readonly leaf: string;
  readonly leaf_hash: string;
  readonly leaf_index: number;
  readonly tree_size: number;
  readonly path: readonly string[];
  readonly seal: {
    readonly partition: number;
    readonly number: string;
    readonly from_seq: string;
    readonly to_seq: string;
    readonly root: string;
    readonly previous: string;
    readonly seal_hash: string;
    readonly sealed_at: string;
  };
};

/** A refusal as people look at it. */
export type RefusalView = {
  readonly account: string;
  readonly refused_at: string;
  readonly code: string;
  readonly detail: string;
  /** The bound that refused: of this account or one above it, with its limit where it is one. */
  readonly limit?: {
    readonly account: string;
    readonly limit?: string;
    readonly period?: string;
    readonly model?: string;
  };
  readonly asked?: string;
  readonly available?: string;
  readonly resets_at?: string;
  readonly source: string;
  readonly request_id: string;
  readonly type: string;
  readonly correlation_id?: string;
  /** Whether somebody waited for the answer. */
  readonly answered: boolean;
  /** How many refusals of this code it stands for. */
  readonly count: number;
};
export type RefusedView = {
  readonly account: string;
  readonly source: string;
  readonly id: string;
  readonly type: string;
  readonly code: string;
  readonly detail: string;
  readonly refused_at: string;
  readonly cursor: string;
};
export type DeadLetterView = {
  /** `<partition>-<offset>` of the record. */
  readonly id: string;
  readonly partition: number;
  readonly offset: string;
  readonly reason: string;
  readonly key: string;
  /** The first 10,000 characters of the record. */
  readonly value: string;
  readonly recorded_at: string;
  readonly cursor: string;
};
export type BookedEntry = {
  readonly partition: number;
  readonly partition_seq: string;
  readonly entry: EntryView;
  readonly crossings: readonly CrossingView[];
  readonly taken?: readonly TakenView[];
};
/**
 * Of a limit, the allowance or the balance (after the last top-up: `whole`), an entry took more: used and held, before
 * it and after it.
 */
export type TakenView = {
  readonly of: 'limit' | 'allowance' | 'balance';
  readonly whole: string;
  readonly before: string;
  readonly after: string;
  readonly period_start: string | null;
  /** Of a limit in `settings.limits`. */
  readonly period?: string;
  readonly model?: string;
};
/** A tier block, with the entry that entered it. */
export type CrossingEntered = CrossingView & {
  readonly account: string;
  readonly entry: string;
  readonly recorded_at: string;
};
export type CatalogBooked = {
  readonly name: string;
  readonly version: number;
  readonly partitions: number;
  readonly of: number;
};
export type PartitionView = {
  readonly partition: number;
  readonly state: 'owned' | 'claiming' | 'halted' | 'elsewhere';
  readonly epoch: string;
  readonly next_offset: string;
  readonly last_seq: string;
  readonly reason?: string;
};

/** Pattern prefix of ledger queries on Nest's TCP transport: `ledger.query.<name>`. */
export const ledgerQueryPattern = (name: keyof LedgerQueries): string => `ledger.query.${name}`;
