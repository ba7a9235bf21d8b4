import type {
  AccountLimit,
  AccountSettings,
  AccountView,
  CrossingView,
  EntryView,
  HoldStatus,
  HoldView,
  LimitView,
} from '@tollgate/contracts';

import type { Account, PeriodLimit, Settings } from './account/account.ts';
import type { Bound } from './account/bounds.ts';
import { availableOf, limitsOf } from './account/bounds.ts';
import { endOf } from './account/periods.ts';
import type { Crossing, Entry } from './entry.ts';
import { isoTime } from './iso-time.ts';
import type { Journal } from './journal.ts';
import { formatEntryId, formatHoldId } from './request/ids.ts';

/** An entry as the API shows it. */
export function entryView(partition: number, entry: Entry): EntryView {
  const details = entry.details;
  return {
    id: formatEntryId({ partition, seq: entry.partitionSeq }),
    account: entry.account,
    seq: String(entry.seq),
    kind: entry.kind,
    amount: String(entry.amount),
    balance_after: String(entry.balanceAfter),
    held_after: String(entry.heldAfter),
    used_after: String(entry.usedAfter),
    unit: entry.unit,
    contra: entry.contra,
    ...(entry.lot !== null && entry.amount !== 0n ? { lot: String(entry.lot) } : {}),
    ...(entry.hold === null ? {} : { hold_id: formatHoldId({ partition, ref: entry.ref, hold: entry.hold }) }),
    source: entry.source,
    request_id: entry.requestId,
    ordinal: entry.ordinal,
    ...(entry.corrects === null ? {} : { corrects: formatEntryId({ partition, seq: entry.corrects }) }),
    ...(entry.periodStartMs === null ? {} : { period: isoTime(entry.periodStartMs) }),
    ...(entry.late ? { late: true } : {}),
    ...(entry.rate ? { rate: entry.rate } : {}),
    occurred_at: isoTime(entry.occurredMs),
    recorded_at: isoTime(entry.recordedMs),
    offset: String(entry.offset),
    ...(details ? { details: wordsOf(details) } : {}),
  };
}

export const crossingView = (crossing: Crossing): CrossingView => ({
  charge_id: crossing.charge,
  block: String(crossing.block),
  plan: crossing.plan,
  plan_version: crossing.planVersion,
  billing_tier: crossing.label,
  amount_minor: String(crossing.amountMinor),
  currency: crossing.currency,
  period: { start: isoTime(crossing.periodStartMs), end: isoTime(crossing.periodEndMs) },
});

/** Details without the salt, which is the owner's proof alone (rule 29). */
function wordsOf(details: NonNullable<Entry['details']>): Record<string, unknown> {
  const { salt: _, ...words } = details;
  return words;
}

export function settingsView(settings: Settings): AccountSettings {
  return {
    ...(settings.limit === null ? {} : { limit: String(settings.limit) }),
    ...(settings.limits.length === 0 ? {} : { limits: settings.limits.map(limitSetting) }),
    ...(settings.detached ? { detached: true } : {}),
    ...(settings.overdraft === null ? {} : { overdraft: String(settings.overdraft) }),
    ...(settings.allowance === null ? {} : { allowance: String(settings.allowance) }),
    ...(settings.period === null ? {} : { period: settings.period }),
    ...(settings.timeZone === null ? {} : { time_zone: settings.timeZone }),
    ...(settings.trialEndMs === null ? {} : { trial_end: isoTime(settings.trialEndMs) }),
    ...(settings.plan === null ? {} : { plan: settings.plan }),
    ...(settings.earlierPlans.length === 0
      ? {}
      : { earlier_plans: settings.earlierPlans.map(({ plan, untilMs }) => ({ plan, until: isoTime(untilMs) })) }),
    ...(settings.firstPlan === null ? {} : { first_plan: settings.firstPlan }),
    ...(settings.package === null ? {} : { package: settings.package }),
    ...(settings.packageExpiresMs === null ? {} : { package_expires: isoTime(settings.packageExpiresMs) }),
    ...(settings.initialGift === null ? {} : { initial_gift: settings.initialGift }),
    ...(settings.tier === null ? {} : { tier: settings.tier }),
    ...(settings.tierEndMs === null ? {} : { tier_end: isoTime(settings.tierEndMs) }),
    ...(settings.baseAllowance === null ? {} : { base_allowance: String(settings.baseAllowance) }),
    ...(settings.periodFromMs === null ? {} : { period_from: isoTime(settings.periodFromMs) }),
    ...(settings.statusBefore === null ? {} : { status_before: settings.statusBefore }),
  };
}

const limitSetting = ({ amount, period, model, sinceMs }: PeriodLimit): AccountLimit & { readonly since: string } => ({
  amount: String(amount),
  period,
  ...(model === null ? {} : { model }),
  since: isoTime(sinceMs),
});

/** What the API calls each setting. */
export const settingNames: Readonly<Record<keyof Settings, string>> = {
  limit: 'limit',
  limits: 'limits',
  detached: 'detached',
  overdraft: 'overdraft',
  allowance: 'allowance',
  period: 'period',
  timeZone: 'time_zone',
  trialEndMs: 'trial_end',
  plan: 'plan',
  earlierPlans: 'earlier_plans',
  firstPlan: 'first_plan',
  package: 'package',
  packageExpiresMs: 'package_expires',
  initialGift: 'initial_gift',
  tier: 'tier',
  tierEndMs: 'tier_end',
  baseAllowance: 'base_allowance',
  periodFromMs: 'period_from',
  statusBefore: 'status_before',
};

/** An account with its lots, holds and limits, as of the journal's time. */
export const accountView = (journal: Journal, account: Readonly<Account>): AccountView => ({
  ...accountState(journal, account),
  lots: [...account.lots].map((lot) => ({
    lot: String(lot.lot),
    granted: String(lot.granted),
    left: String(lot.left),
    priority: lot.priority,
    expires_at: lot.expiresMs === null ? null : isoTime(lot.expiresMs),
    ...(lot.purchased ? { kind: 'purchased' as const } : {}),
  })),
  holds: [...account.holds].map((hold) => holdView(journal.partition, account, { ...hold, status: 'open' })),
});

/** The same without its lots and holds, however many there are. */
export function accountState(journal: Journal, account: Readonly<Account>): Omit<AccountView, 'lots' | 'holds'> {
  const available = availableOf(journal, account);
  const { counter } = journal.countersAt(account, journal.nowMs);
  return {
    id: account.id,
    kind: account.kind,
    unit: account.unit,
    status: account.frozen === null ? account.terms.status : 'frozen',
    owner: account.terms.owner,
    balance: String(account.balance),
    held: String(account.held),
    available: available === null ? null : String(available),
    used: String(counter.used),
    used_total: String(counter.usedBefore + counter.used),
    settings: settingsView(account.terms.settings),
    as_of: { seq: String(account.seq), recorded_at: isoTime(account.lastRecordedMs) },
    limits: [account, ...journal.budgetsOf(account)].flatMap((limited) =>
      limitsOf(journal, limited).map((bound) => limitView(limited.id, bound)),
    ),
    ...(counter.period && endOf(counter.period) !== null
      ? { period: { start: isoTime(counter.period.startMs), end: isoTime(counter.period.endMs) } }
      : {}),
    opened_at: isoTime(account.openedMs),
  };
}

const limitView = (account: string, { limit, period, model, used, held, left, resetsMs }: Bound): LimitView => ({
  account,
  limit: String(limit),
  ...(period === undefined ? {} : { period }),
  ...(model === undefined ? {} : { model }),
  used: String(used),
  held: String(held),
  remaining: String(left > 0n ? left : 0n),
  ...(resetsMs === null ? {} : { resets_at: isoTime(resetsMs) }),
});

export function holdView(
  partition: number,
  account: Pick<Account, 'ref' | 'id'>,
  hold: {
    readonly hold: number;
    readonly amount: bigint;
    readonly expiresMs: number;
    readonly status: HoldStatus;
    readonly settled?: bigint | null;
  },
): HoldView {
  return {
    hold_id: formatHoldId({ partition, ref: account.ref, hold: hold.hold }),
    account: account.id,
    amount: String(hold.amount),
    status: hold.status,
    expires_at: isoTime(hold.expiresMs),
    ...(hold.settled === undefined || hold.settled === null ? {} : { settled_amount: String(hold.settled) }),
  };
}
