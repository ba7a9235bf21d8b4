/**
 * What is asked of the ledger, as it travels in `usage.events.v1`. One record is one request about one account (or one
 * hold, entry or partition); amounts are decimal strings in the account's smallest unit, times are ISO 8601 in UTC.
 */
export const accountKinds = ['wallet', 'licence', 'quota', 'credits', 'metered'] as const;
export type AccountKind = (typeof accountKinds)[number];

/** What an opening or a surface may set. */
export const accountStatuses = ['active', 'inactive', 'trial'] as const;
/**
 * `suspended`: takes no new spends, holds and extensions; `closed`: takes no grants either, for good unless resumed.
 */
export type AccountStatus = (typeof accountStatuses)[number] | 'suspended' | 'closed';

/** What an account may be told to obey. An absent member is "not set"; in a change, null takes a setting away. */
export type AccountSettings = {
  /** Most that may be used (in the period when there is one), own and below: a decimal string ≥ 0. */
  readonly limit?: string;
  /** How far below 0 a wallet or credits account may go: a decimal string ≥ 0 or `unlimited`. */
  readonly overdraft?: string;
  /** What a credits account is refilled up to at each reset: a decimal string ≥ 0. */
  readonly allowance?: string;
  /**
   * ISO 8601 duration between resets (`P30D`, `P1M`), counted from the opening, or `calendar:day`, `calendar:week`
   * (from Monday) or `calendar:month` in `time_zone`. A change counts from the end of the period under way.
   */
  readonly period?: string;
  /** Time zone of calendar periods: an IANA name; default UTC. */
  readonly time_zone?: string;
  /** Further limits, own and below, each in a period of its own; all are checked in one decision. */
  readonly limits?: readonly AccountLimit[];
  /** Budgets above that count another unit do not bind the account; without it, such an account cannot be used. */
  readonly detached?: boolean;
  /** End of a licence's trial. */
  readonly trial_end?: string;
  /** Name of the price plan of a metered account. */
  readonly plan?: string;
  /** Plans it had before, as far as an open period started with one; answered only, ignored in requests. */
  readonly earlier_plans?: readonly { readonly plan: string | null; readonly until: string }[];
  /** The plan version that prices the period in which the account was opened; answered only, ignored in requests. */
  readonly first_plan?: { readonly name: string; readonly version: number };
  /** Package of a wallet: an id of billing's catalog. */
  readonly package?: string;
  /** When the package expires, ISO 8601; absent: never. */
  readonly package_expires?: string;
  /** `given` once the wallet had its initial gift. */
  readonly initial_gift?: string;
  /**
   * Tier of a credits account (`free` is the base); with it go `base_allowance` and, for a tier that ends, `tier_end`.
   */
  readonly tier?: string;
  /** When the tier falls back to the base: balance and allowance become `base_allowance`. */
  readonly tier_end?: string;
  readonly base_allowance?: string;
  /** Where periods are counted from; default: the opening. */
  readonly period_from?: string;
  /** Status that a suspended or closed account has again when it is resumed; answered only, ignored in requests. */
  readonly status_before?: string;
};

/**
 * Most that may be used in a period. With `model`, it counts and binds only usage that names this model, at spend and
 * settle.
 */
export type AccountLimit = {
  /** A decimal string ≥ 0. */
  readonly amount: string;
  /** As `AccountSettings.period`; calendar periods are in the account's `time_zone`. */
  readonly period: string;
  readonly model?: string;
  /** When it was set, which is where it begins to count; answered only, ignored in requests. */
  readonly since?: string;
};
/**
 * A change of a credits account's tier or period, decided at once. `raise`: the tier, its end `days` from now, at least
 * the allowance available · `renew`: the end `days` after the later of now and the end, refilled; from the base tier it
 * raises · `lower`: the base tier and exactly its allowance · `reset`: a new period from now, refilled up to the
 * allowance.
 */
export type TierChange =
  | {
      readonly change: 'raise';
      readonly tier: string;
      readonly allowance: string;
      readonly days: number;
      readonly only_from_base?: boolean;
    }
  | { readonly change: 'renew'; readonly tier: string; readonly allowance: string; readonly days: number }
  | { readonly change: 'lower' | 'reset' };
/** Settings that requests may set. */
export type GivenSettings = Omit<AccountSettings, 'earlier_plans' | 'first_plan' | 'status_before'>;
export type SettingsChange = { readonly [Name in keyof GivenSettings]?: GivenSettings[Name] | null };

/**
 * What the catalog says about the package that the asker believes a wallet to have. The ledger compares: with another
 * package it refuses PACKAGE_CHANGED and tells which, so that the asker comes again with the right terms and the
 * decision stays one. Refusals under terms carry the account's state.
 */
export type PackageTerms = {
  /** Absent: not compared; null: the wallet has none. */
  readonly package?: string | null;
  /** Whether the balance may go below 0 for this spend, whatever the settings say. Holds never do. */
  readonly overdraft?: boolean;
  /** Refused PACKAGE_EXPIRED when the package's time is over. */
  readonly unexpired?: boolean;
  /** Refused ALLOWANCE_EXHAUSTED when less than this is free: a decimal string ≥ 0. */
  readonly minimum?: string;
  /**
   * Why the asker would not serve. Refused TERMS_REFUSED in these words, but for a repeat of what was booked before.
   */
  readonly refused?: string;
};

export type Opening = {
  readonly kind: AccountKind;
  readonly unit: string;
  readonly owner?: string;
  readonly status?: AccountStatus;
  readonly settings?: GivenSettings;
  /** Units granted in the same decision, as a first lot. Not part of "same again". */
  readonly grant?: string;
  /**
   * Where the account exists: refused ACCOUNT_SETTINGS_CONFLICT when the owner or a setting given is not the present
   * one.
   */
  readonly strict?: boolean;
};

/** Data by request type. */
export type RequestData = {
  /** Opens the account; the same opening again is answered `unchanged`, another kind or unit is refused. */
  readonly open: Opening;
  /**
   * Changes owner, status or settings; `balance` sets the balance to a figure by one adjusting entry, `used` (quota
   * accounts) lowers what counts as used to a figure by one adjusting entry, whose amount says how much was given back.
   * One decision.
   */
  readonly change: {
    readonly owner?: string | null;
    readonly status?: AccountStatus;
    readonly settings?: SettingsChange;
    readonly balance?: string;
    readonly used?: string;
    /**
     * `suspend`: no new spends, holds and extensions · `close`: no grants either; refused ACCOUNT_NOT_EMPTY while holds
     * are open, or units are left and `forfeit` is not set · `resume`: back to the status before. Repeating one changes
     * nothing.
     */
    readonly access?: 'suspend' | 'close' | 'resume';
    /** Closing takes what is left, by one adjusting entry. */
    readonly forfeit?: boolean;
    /**
     * Refused with ACCOUNT_INACTIVE/NOT_OWNER semantics when given and not met: the change is conditional on the
     * current owner (null: nobody).
     */
    readonly if_owner?: string | null;
  };
  readonly grant: {
    readonly amount: string;
    /**
     * `purchased`: bought units, which changes of a credits account's tier neither wipe nor count; they burn after
     * others by default.
     */
    readonly kind?: 'purchased';
    readonly priority?: number;
    readonly expires_at?: string;
    readonly activate?: boolean;
    /** Settings changed in the same decision. */
    readonly settings?: SettingsChange;
    /** Once an account: refused GIFT_GIVEN when it was given before. */
    readonly initial_gift?: boolean;
    readonly terms?: PackageTerms;
  };
  readonly tier: TierChange;
  /**
   * Takes units: `amount` as it is, or a meter with its quantities, rated by the rate card in force. With `actor`,
   * refused NOT_OWNER unless the actor owns the account. `blocks_max`: refused AMOUNT_OUT_OF_RANGE when it enters more
   * tier blocks.
   */
  readonly spend: {
    readonly amount?: string;
    readonly meter?: string;
    readonly inputs?: RatedInputs;
    readonly actor?: string;
    readonly terms?: PackageTerms;
    readonly blocks_max?: number;
  };
  readonly hold: {
    readonly amount: string;
    readonly expires_in_ms: number;
    readonly parent?: string;
    readonly terms?: PackageTerms;
  };
  /** Books what was used, an amount or a rated meter, and ends the hold. */
  readonly settle: {
    readonly hold: string;
    readonly amount?: string;
    readonly meter?: string;
    readonly inputs?: RatedInputs;
    readonly terms?: PackageTerms;
    /** Refused HOLD_UNKNOWN when the hold is on another account. */
    readonly of?: string;
    /**
     * A hold that was released or has expired meanwhile: the amount is taken from the account as by a spend, in the
     * same decision.
     */
    readonly if_over?: 'spend';
  };
  readonly extend: { readonly hold: string; readonly amount: string };
  readonly release: { readonly hold: string };
  /** Gives back `amount` (default: all that is left) of the entry `entry`. */
  readonly correct: { readonly entry: string; readonly amount?: string };
  /**
   * A limit owned by somebody else, fetched at `fetched_at`; an older fetch than the stored one is ignored (rule 21).
   */
  readonly limit: { readonly limit: string; readonly fetched_at: string };
  /** Takes back the synchronous request (`source`, `id`) whose caller was answered 503 (rule 23). */
  /** A request that named a hold or an entry is withdrawn with it beside it, and the account empty. */
  readonly withdraw: { readonly source: string; readonly id: string; readonly hold?: string; readonly entry?: string };
  /** Books timers that became due; appended by the partition's owner (rule 16). */
  readonly tick: Record<string, never>;
  /** Tells a partition that the test clock was advanced; the record's own time carries the new time. */
  readonly clock: Record<string, never>;
  /** A published catalog version (rule 19): one record in every partition. */
  readonly catalog: { readonly item: CatalogItem };
};
export type RequestType = keyof RequestData;

/**
 * What a meter counted: `model` and `feature_endpoint_id` are text and say of what, all else whole numbers (JSON
 * numbers within 2^53 or decimal strings).
 */
export type RatedInputs = { readonly [quantity: string]: string | number };

/** A version of something in the catalog; immutable once published. */
export type CatalogItem = {
  readonly catalog: 'rate-card' | 'price-plan';
  readonly name: string;
  readonly version: number;
  /** In force from max(effective_from, its place in the log). */
  readonly effective_from: string;
  readonly content: unknown;
};

/**
 * Words beside an entry, erasable (rule 29). `salt` (32 hex digits) hides them in the entry's leaf; made where the
 * request is made.
 */
export type Details = {
  readonly salt: string;
  readonly purpose?: string;
  readonly reason?: string;
  /** Who did it: `<name> (user <id>)` or `<name> (key <id>)`. */
  readonly actor?: string;
  /** From where, as the gateway saw it. */
  readonly address?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
};

/**
 * The value of one record. Identity is (account, `source`, `id`): the same again gets its first answer, the same with
 * another `hash` is refused. Sources: `http:<operation>`, `http:user:<operation>` for users, `ce:<CloudEvents source>`,
 * `timer:<kind>`, `ledger`, `catalog`, `topup`.
 */
export type LedgerRequest<T extends RequestType = RequestType> = {
  readonly [K in T]: {
    readonly v: 1;
    readonly type: K;
    readonly source: string;
    readonly id: string;
    /**
     * The account the request is about; empty for requests that name a hold or an entry, and for tick, clock and
     * catalog.
     */
    readonly account: string;
    /** true when the caller chose `id` and may send it again: refusals then look the id up first (rule 10). */
    readonly keyed?: boolean;
    /** First 32 hex digits of the SHA-256 of the canonical content; only where `keyed`. */
    readonly hash?: string;
    /** The producer's claim of when it happened; absent: the record's time. */
    readonly occurred?: string;
    readonly correlation?: string;
    readonly details?: Details;
    readonly data: RequestData[K];
  };
}[T];

/** Record headers. */
export const recordHeaders = {
  /** `<gateway id>|<boot nonce>|<host:port>|<signature>`: where the answer goes (rule 22). */
  replyTo: 'reply-to',
  /** The gateway's number for the caller that waits, as a decimal string. Absent: nobody waits. */
  waiter: 'waiter',
} as const;
