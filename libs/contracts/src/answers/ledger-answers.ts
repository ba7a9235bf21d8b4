import type { AccountKind, AccountSettings, AccountStatus } from '../requests/ledger-requests.ts';

/** An entry as the API shows it; amounts are decimal strings, times ISO 8601 with milliseconds in UTC. */
export type EntryView = {
  /** `<partition>-<partition_seq>`. */
  readonly id: string;
  readonly account: string;
  /** Sequence number in the account, from 1 without gaps. */
  readonly seq: string;
  readonly kind: string;
  readonly amount: string;
  readonly balance_after: string;
  readonly held_after: string;
  readonly used_after: string;
  readonly unit: string;
  readonly contra: string;
  readonly lot?: string;
  readonly hold_id?: string;
  readonly source: string;
  readonly request_id: string;
  readonly ordinal: number;
  readonly corrects?: string;
  readonly period?: string;
  /** Set when the usage belonged to a period that was already closed and so counted in a later one. */
  readonly late?: boolean;
  readonly rate?: RateView;
  readonly occurred_at: string;
  readonly recorded_at: string;
  readonly offset: string;
  readonly details?: Readonly<Record<string, unknown>>;
};

/** Which rate decided an amount, and what went in. */
export type RateView = {
  readonly card: string;
  readonly version: number;
  readonly meter: string;
  readonly inputs: Readonly<Record<string, string>>;
};

/** The limit that refused a request. */
export type LimitRefusal = {
  /** Account whose balance or limit refused: the account itself or an ancestor. */
  readonly account: string;
  readonly limit?: string;
  /** Of the limit in `settings.limits` that refused. */
  readonly period?: string;
  readonly model?: string;
  readonly asked: string;
  readonly available: string;
  /** When waiting helps: the start of the next period. */
  readonly resets_at?: string;
};

export type AnswerProblem = {
  readonly code: string;
  readonly detail: string;
  readonly refusal?: LimitRefusal;
  /** For HOLD_ENDED: how the hold ended first. */
  readonly hold?: HoldView;
};

export type HoldStatus = 'open' | 'settled' | 'released' | 'expired';
export type HoldView = {
  readonly hold_id: string;
  readonly account: string;
  readonly amount: string;
  readonly status: HoldStatus;
  readonly expires_at: string;
  readonly settled_amount?: string;
};

/**
 * What the ledger says about one request. `booked`: entries were written, now or (with `replayed`) when the same
 * request came first · `unchanged`: nothing to write (same opening again, older limit) · `refused`: nothing changed,
 * the problem says why.
 */
export type Answer = {
  readonly outcome: 'booked' | 'unchanged' | 'refused';
  readonly replayed: boolean;
  /** The request's account, resolved also when it named a hold or an entry. */
  readonly account: string;
  /** First entry of the request; `amount` is the request's total over all its lots. */
  readonly entry?: EntryView;
  /** What could be spent right after the decision; null where nothing limits it. */
  readonly available?: string | null;
  readonly hold?: HoldView;
  readonly state?: AccountState;
  readonly problem?: AnswerProblem;
  /** Tier blocks that this request entered, lowest first. */
  readonly crossings?: readonly CrossingView[];
};

/** A tier block of a metered account's period: what billing charges once. */
export type CrossingView = {
  readonly charge_id: string;
  readonly block: string;
  /** The plan version that prices the period, and by it the block's name and price in minor units of the currency. */
  readonly plan: string;
  readonly plan_version: number;
  readonly billing_tier: string;
  readonly amount_minor: string;
  readonly currency: string;
  readonly period: { readonly start: string; readonly end: string };
};

export type LotView = {
  readonly lot: string;
  readonly granted: string;
  readonly left: string;
  readonly priority: number;
  readonly expires_at: string | null;
  /** Bought units, which tier changes leave alone. */
  readonly kind?: 'purchased';
};
export type LimitView = {
  /** The account itself or an ancestor. */
  readonly account: string;
  readonly limit: string;
  /** Of a limit in `settings.limits`. */
  readonly period?: string;
  readonly model?: string;
  readonly used: string;
  readonly held: string;
  readonly remaining: string;
  readonly resets_at?: string;
};
export type AccountView = {
  readonly id: string;
  readonly kind: AccountKind;
  readonly unit: string;
  readonly status: AccountStatus | 'frozen';
  readonly owner: string | null;
  readonly balance: string;
  readonly held: string;
  /** null: nothing limits the account. */
  readonly available: string | null;
  readonly used: string;
  /** Used in all periods together. */
  readonly used_total: string;
  readonly settings: AccountSettings;
  readonly as_of: { readonly seq: string; readonly recorded_at: string };
  readonly lots: readonly LotView[];
  readonly holds: readonly HoldView[];
  readonly limits: readonly LimitView[];
  readonly period?: { readonly start: string; readonly end: string };
  readonly opened_at: string;
};

/** An account as answers to its use carry it: without lots and holds, of which a busy one has thousands. */
export type AccountState = Omit<AccountView, 'lots' | 'holds'> & Partial<Pick<AccountView, 'lots' | 'holds'>>;

/** One message to one gateway: the answers of a committed batch, `[waiter, answer]` each. */
export type AnswerBatch = {
  /** Boot nonce of the gateway that asked; another boot drops the message. */
  readonly nonce: string;
  readonly answers: readonly (readonly [waiter: number, answer: Answer])[];
};

/** Pattern of the answers on Nest's TCP transport. */
export const answersPattern = 'ledger.answers';
