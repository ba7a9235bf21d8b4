import type { AccountSettings, AccountStatus } from '@tollgate/contracts';
import { accountKinds } from '@tollgate/contracts';
import { invariant } from '@tollgate/kernel';

import type { Account, Counter, Settings } from '../domain/account/account.ts';
import { inconsistency, newAccount } from '../domain/account/account.ts';
import type { Hold } from '../domain/account/hold.ts';
import type { Lot } from '../domain/account/lot.ts';
import type { Holds } from '../domain/account/open-holds.ts';
import { holdsOf } from '../domain/account/open-holds.ts';
import type { Lots } from '../domain/account/open-lots.ts';
import { lotsOf } from '../domain/account/open-lots.ts';
import { dueOf } from '../domain/evolve.ts';
import type { LimitCountTuple } from './limit-counts-row.ts';
import { fromRowLimitCounts } from './limit-counts-row.ts';

/** A row of `loadAccounts`. */
export type AccountRow = {
  readonly partition: number;
  readonly account: number;
  readonly id: string;
  readonly kind: number;
  readonly unit: string;
  readonly opened_at: Date;
  readonly seq: bigint;
  readonly balance_after: bigint;
  readonly held_after: bigint;
  readonly used_after: bigint;
  readonly period_start: Date | null;
  readonly lot: bigint | null;
  readonly lot_left: bigint | null;
  readonly recorded_at: Date;
  readonly status: AccountStatus;
  readonly owner: string | null;
  readonly settings: AccountSettings;
  readonly limit_fetched_at: Date;
  readonly lots: readonly LotTuple[] | null;
  readonly holds: readonly HoldTuple[] | null;
  readonly counter: CounterTuple | null;
  readonly earlier: CounterTuple | null;
  readonly limit_counts: readonly LimitCountTuple[] | null;
};
type LotTuple = readonly [
  lot: string,
  seq: string,
  left: string,
  granted: string,
  priority: number,
  expiresMs: string | null,
  purchased: boolean,
];
type HoldTuple = readonly [
  hold: string,
  seq: string,
  amount: string,
  expiresMs: string,
  parent: string | null,
  budgets: readonly string[],
  outcome: string,
];
type CounterTuple = readonly [
  startMs: string,
  endMs: string,
  used: string,
  highWater: string,
  seq: string,
  usedBefore: string,
];

/** An account exactly as it was after its last entry; frozen when its parts do not add up (rule 15). */
export function fromRowAccount(row: AccountRow): Account {
  const kind = accountKinds[row.kind];
  invariant(kind, `account ${row.id} has a kind that does not exist`);
  const account = newAccount({ ref: row.account, id: row.id, kind, unit: row.unit, openedMs: row.opened_at.getTime() });
  account.seq = Number(row.seq);
  account.balance = row.balance_after;
  account.held = row.held_after;
  account.lastRecordedMs = row.recorded_at.getTime();
  account.terms = {
    status: row.status,
    owner: row.owner,
    settings: fromRowSettings(row.settings),
    limitFetchedMs: row.limit_fetched_at.getTime(),
  };
  account.lots = openLotsOf(row);
  account.lotSeen = row.lot === null ? null : Number(row.lot);
  account.holds = openHoldsOf(row.holds ?? []);
  account.counter = counterOf(row, row.counter) ?? {
    period: null,
    used: row.used_after,
    highWater: row.used_after,
    usedBefore: 0n,
  };
  account.earlier = row.earlier && row.earlier[0] !== '-1' ? counterOf(row, row.earlier) : null;
  account.limitCounts = fromRowLimitCounts(row.limit_counts ?? []);
  account.dueMs = dueOf(account);
  account.frozen = inconsistency(account);
  return account;
}

export function fromRowSettings(settings: AccountSettings): Settings {
  const amount = (text: string | undefined): bigint | null => (text === undefined ? null : BigInt(text));
  return {
    limit: amount(settings.limit),
    limits: (settings.limits ?? []).map(({ amount: most, period, model, since }) => ({
      amount: BigInt(most),
      period,
      model: model ?? null,
      sinceMs: Date.parse(since ?? ''),
    })),
    detached: settings.detached ?? false,
    overdraft: settings.overdraft === 'unlimited' ? 'unlimited' : amount(settings.overdraft),
    allowance: amount(settings.allowance),
    period: settings.period ?? null,
    timeZone: settings.time_zone ?? null,
    trialEndMs: settings.trial_end === undefined ? null : Date.parse(settings.trial_end),
    plan: settings.plan ?? null,
    earlierPlans: (settings.earlier_plans ?? []).map(({ plan, until }) => ({ plan, untilMs: Date.parse(until) })),
    firstPlan: settings.first_plan ?? null,
    package: settings.package ?? null,
    packageExpiresMs: settings.package_expires === undefined ? null : Date.parse(settings.package_expires),
    initialGift: settings.initial_gift ?? null,
    tier: settings.tier ?? null,
    tierEndMs: settings.tier_end === undefined ? null : Date.parse(settings.tier_end),
    baseAllowance: amount(settings.base_allowance),
    periodFromMs: settings.period_from === undefined ? null : Date.parse(settings.period_from),
    statusBefore: (settings.status_before as AccountStatus | undefined) ?? null,
  };
}

/** The newest version of each lot still open; the last entry tells what is left in the lot it carries. */
function openLotsOf(row: AccountRow): Lots {
  const newest = new Map<number, Lot>();
  for (const [lot, seq, left, granted, priority, expiresMs, purchased] of row.lots ?? []) {
    newest.set(Number(lot), {
      lot: Number(lot),
      rowSeq: Number(seq),
      left: BigInt(left),
      granted: BigInt(granted),
      priority,
      expiresMs: expiresMs === null ? null : Number(expiresMs),
      purchased,
    });
  }
  if (row.lot !== null && row.lot_left !== null) {
    const carried = newest.get(Number(row.lot));
    if (carried && carried.left > 0n) newest.set(carried.lot, { ...carried, left: row.lot_left });
  }
  return lotsOf([...newest.values()].filter(({ left }) => left > 0n));
}

function openHoldsOf(rows: readonly HoldTuple[]): Holds {
  const holds = new Map<number, Hold>();
  for (const [number, seq, amount, expiresMs, parent, budgets, outcome] of rows) {
    const hold = Number(number);
    holds.delete(hold);
    if (outcome !== 'open') continue;
    holds.set(hold, {
      hold,
      amount: BigInt(amount),
      expiresMs: Number(expiresMs),
      parent: parent === null ? null : Number(parent),
      budgets,
      rowSeq: Number(seq),
    });
  }
  return holdsOf(holds.values());
}

/** A counter row, moved on by the last entry where that counts in the same period and is newer. */
function counterOf(row: AccountRow, tuple: CounterTuple | null): Counter | null {
  if (!tuple) return null;
  const [startMs, endMs, used, highWater, seq, usedBeforeText] = tuple;
  const usedBefore = BigInt(usedBeforeText);
  const period = startMs === '-1' ? null : { startMs: Number(startMs), endMs: Number(endMs) };
  const same = (row.period_start?.getTime() ?? -1) === (period?.startMs ?? -1);
  if (!same || row.seq < BigInt(seq)) return { period, used: BigInt(used), highWater: BigInt(highWater), usedBefore };
  const high = BigInt(highWater);
  return { period, used: row.used_after, highWater: row.used_after > high ? row.used_after : high, usedBefore };
}
