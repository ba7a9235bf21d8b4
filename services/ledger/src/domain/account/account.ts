import type { AccountKind, AccountStatus } from '@tollgate/contracts';
import type { Period } from '@tollgate/pricing';

import type { Holds } from './open-holds.ts';
import { noHolds } from './open-holds.ts';
import type { Lots } from './open-lots.ts';
import { noLots } from './open-lots.ts';

/**
 * A limit beside `Settings.limit`, in a period of its own; with a model it counts and binds only usage that names it.
 */
export type PeriodLimit = {
  readonly amount: bigint;
  readonly period: string;
  readonly model: string | null;
  /** When it was set: periods that are durations are counted from here. */
  readonly sinceMs: number;
};

/** Whether two limits count the same. */
export const sameLimit = (
  a: Pick<PeriodLimit, 'period' | 'model'>,
  b: Pick<PeriodLimit, 'period' | 'model'>,
): boolean => a.period === b.period && a.model === b.model;

/** Parsed settings; see AccountSettings in the contracts. */
export type Settings = {
  readonly limit: bigint | null;
  readonly limits: readonly PeriodLimit[];
  /** Budgets above in another unit do not bind. */
  readonly detached: boolean;
  readonly overdraft: bigint | 'unlimited' | null;
  readonly allowance: bigint | null;
  readonly period: string | null;
  /** Of calendar periods; null: UTC. */
  readonly timeZone: string | null;
  readonly trialEndMs: number | null;
  readonly plan: string | null;
  /** Earlier plans, oldest first, as far as a period that is still open started with them (rule 17). */
  readonly earlierPlans: readonly { readonly plan: string | null; readonly untilMs: number }[];
  /**
   * The version in force when the account was opened, which prices the first period. null: the version at the period's
   * start does.
   */
  readonly firstPlan: { readonly name: string; readonly version: number } | null;
  readonly package: string | null;
  readonly packageExpiresMs: number | null;
  readonly initialGift: string | null;
  /** Tier of a credits account; at `tierEndMs` it falls back to the free one, whose allowance is `baseAllowance`. */
  readonly tier: string | null;
  readonly tierEndMs: number | null;
  readonly baseAllowance: bigint | null;
  /** Where periods are counted from; null: the opening. */
  readonly periodFromMs: number | null;
  /** Status that a suspended or closed account goes back to; null: it is neither. */
  readonly statusBefore: AccountStatus | null;
};
export const noSettings: Settings = {
  limit: null,
  limits: [],
  detached: false,
  overdraft: null,
  allowance: null,
  period: null,
  timeZone: null,
  trialEndMs: null,
  plan: null,
  earlierPlans: [],
  firstPlan: null,
  package: null,
  packageExpiresMs: null,
  initialGift: null,
  tier: null,
  tierEndMs: null,
  baseAllowance: null,
  periodFromMs: null,
  statusBefore: null,
};

/**
 * What was used in one period. `highWater` is the most it ever was: tier crossings follow it (rule 18). `usedBefore`:
 * what was used in all periods before it.
 */
export type Counter = {
  readonly period: Period | null;
  readonly used: bigint;
  readonly highWater: bigint;
  readonly usedBefore: bigint;
};

/**
 * What one of an account's `limits` counts: in its current period and, while usage may still arrive for it, in the one
 * before.
 */
export type LimitCount = {
  readonly period: Period;
  readonly used: bigint;
  readonly earlier: { readonly period: Period; readonly used: bigint } | null;
};

/** The changeable part of an account that entries do not carry: a version row is written when it changes (rule 14). */
export type Terms = {
  readonly status: AccountStatus;
  readonly owner: string | null;
  readonly settings: Settings;
  /** Start of the fetch that brought the limit; an older one is ignored (rule 21). */
  readonly limitFetchedMs: number;
};

/**
 * An account as folded from its entries. Working copies of a batch are changed by `evolve` only; committed ones never.
 */
export type Account = {
  /** Number in the partition, by order of opening from 1. */
  readonly ref: number;
  readonly id: string;
  readonly kind: AccountKind;
  readonly unit: string;
  readonly openedMs: number;
  seq: number;
  balance: bigint;
  held: bigint;
  counter: Counter;
  /** The period before the counter's, while usage may still arrive for it. */
  earlier: Counter | null;
  /** One for each of `terms.settings.limits`, in their order. */
  limitCounts: readonly LimitCount[];
  terms: Terms;
  lots: Lots;
  /** Lot of the newest entry that moved one, as its columns carry it. */
  lotSeen: number | null;
  holds: Holds;
  /** Earliest time at which a hold, a lot or a reset becomes due; Infinity when nothing will. */
  dueMs: number;
  lastRecordedMs: number;
  /** Set when the loaded parts do not add up (rule 15): every request is refused until it is repaired. */
  frozen: string | null;
};

export const newAccount = (opened: Pick<Account, 'ref' | 'id' | 'kind' | 'unit' | 'openedMs'>): Account => ({
  ref: opened.ref,
  id: opened.id,
  kind: opened.kind,
  unit: opened.unit,
  openedMs: opened.openedMs,
  seq: 0,
  balance: 0n,
  held: 0n,
  counter: { period: null, used: 0n, highWater: 0n, usedBefore: 0n },
  earlier: null,
  limitCounts: [],
  terms: { status: 'active', owner: null, settings: noSettings, limitFetchedMs: 0 },
  lots: noLots,
  lotSeen: null,
  holds: noHolds,
  dueMs: Infinity,
  lastRecordedMs: opened.openedMs,
  frozen: null,
});

/** Why the parts of a loaded account do not add up, or null (rule 15). */
export function inconsistency(account: Account): string | null {
  let lots = 0n;
  for (const lot of account.lots) lots += lot.left;
  const expected = keepsLots(account.kind) && account.balance > 0n ? account.balance : 0n;
  // The balance of a metered account is what was used and granted in all: its goodwill is in the lots alone.
  if (account.kind !== 'metered' && lots !== expected) return `open lots hold ${lots}, the balance says ${expected}`;
  let held = 0n;
  for (const hold of account.holds) held += hold.amount;
  // Budgets of descendants' holds are counted in an ancestor's `held` without holds of its own.
  if (held > account.held) return `open holds reserve ${held}, the last entry says ${account.held}`;
  return null;
}

/** Whether the account is refilled at the start of each period. */
export const isRefilled = (account: Pick<Account, 'kind' | 'terms'>): boolean =>
  account.kind === 'credits' &&
  account.terms.status !== 'closed' &&
  account.terms.settings.allowance !== null &&
  account.terms.settings.period !== null;

/** Whether the account limits what it and the accounts below it use. */
export const isBudget = ({ terms: { settings } }: Pick<Account, 'terms'>): boolean =>
  settings.limit !== null || settings.limits.length > 0;

/** What goodwill a metered account has left: units that are used before any are counted and charged. */
export function goodwillOf(account: Pick<Account, 'kind' | 'lots'>): bigint {
  let left = 0n;
  if (account.kind === 'metered') for (const lot of account.lots) left += lot.left;
  return left;
}

/** Kinds whose balance is made of granted lots; the others only count what was used. */
export const keepsLots = (kind: AccountKind): boolean => kind === 'wallet' || kind === 'credits' || kind === 'licence';
