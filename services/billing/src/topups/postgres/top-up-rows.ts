import type { AutoTopUpView, TopUpStatus, TopUpView } from '@tollgate/contracts';

import type { AutoTopUp, TopUp } from '../domain/top-up.ts';

export type TermsRow = {
  readonly account: string;
  readonly user_id: string;
  readonly below: bigint;
  readonly units: bigint;
  readonly amount_minor: bigint;
  readonly currency: string;
  readonly day_max_minor: bigint;
  readonly month_max_minor: bigint;
  readonly failures_max: number;
  readonly failures: number;
  readonly reason: string | null;
  readonly paused_at: Date | null;
  readonly next_try_at: Date | null;
  readonly waits_for: 'refusal' | 'ceiling' | null;
  readonly version: number;
  readonly changed_by: string;
  readonly changed_at: Date;
};
export type SpentRow = { readonly day_minor: bigint; readonly month_minor: bigint };
export type TopUpRow = {
  readonly id: string;
  readonly account: string;
  readonly user_id: string;
  readonly units: bigint;
  readonly amount_minor: bigint;
  readonly currency: string;
  readonly status: TopUpStatus;
  readonly reason: string | null;
  readonly available_before: bigint;
  readonly request: Readonly<Record<string, unknown>>;
  readonly payment_intent: string | null;
  readonly attempts: number;
  readonly unanswered: number;
  readonly paid_at: Date | null;
  readonly appended_at: Date | null;
  readonly next_try_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
};

export const fromRowTerms = (row: TermsRow): AutoTopUp => ({
  account: row.account,
  userId: row.user_id,
  below: row.below,
  units: row.units,
  amountMinor: row.amount_minor,
  currency: row.currency,
  dayMaxMinor: row.day_max_minor,
  monthMaxMinor: row.month_max_minor,
  failuresMax: row.failures_max,
  failures: row.failures,
  reason: row.reason,
  pausedMs: row.paused_at?.getTime() ?? null,
  nextTryMs: row.next_try_at?.getTime() ?? null,
  waitsFor: row.waits_for,
  version: row.version,
  changedBy: row.changed_by,
  changedMs: row.changed_at.getTime(),
});

export function viewOfTermsRow(row: TermsRow & SpentRow, nowMs: number): AutoTopUpView {
  const waits = row.next_try_at !== null && row.next_try_at.getTime() > nowMs;
  const status =
    row.paused_at !== null ? 'paused' : !waits ? 'active' : row.waits_for === 'ceiling' ? 'limited' : 'waiting';
  return {
    account: row.account,
    user_id: row.user_id,
    below: String(row.below),
    units: String(row.units),
    amount_minor: String(row.amount_minor),
    currency: row.currency,
    day_max_minor: String(row.day_max_minor),
    month_max_minor: String(row.month_max_minor),
    failures_max: row.failures_max,
    status,
    failures: row.failures,
    reason: row.reason,
    next_try_at: status === 'waiting' || status === 'limited' ? (row.next_try_at?.toISOString() ?? null) : null,
    day_minor: String(row.day_minor),
    month_minor: String(row.month_minor),
    changed_by: row.changed_by,
    changed_at: row.changed_at.toISOString(),
  };
}

export const fromRowTopUp = (row: TopUpRow): TopUp => ({
  id: row.id,
  account: row.account,
  userId: row.user_id,
  units: row.units,
  amountMinor: row.amount_minor,
  currency: row.currency,
  status: row.status,
  reason: row.reason,
  availableBefore: row.available_before,
  request: row.request,
  paymentIntent: row.payment_intent,
  attempts: row.attempts,
  unanswered: row.unanswered,
  paidMs: row.paid_at?.getTime() ?? null,
  appendedMs: row.appended_at?.getTime() ?? null,
  nextTryMs: row.next_try_at?.getTime() ?? null,
  createdMs: row.created_at.getTime(),
  updatedMs: row.updated_at.getTime(),
});

export const viewOfTopUp = (topUp: TopUp): TopUpView => ({
  id: topUp.id,
  account: topUp.account,
  user_id: topUp.userId,
  units: String(topUp.units),
  amount_minor: String(topUp.amountMinor),
  currency: topUp.currency,
  status: topUp.status,
  reason: topUp.reason,
  available_before: String(topUp.availableBefore),
  payment_intent: topUp.paymentIntent,
  paid_at: isoOf(topUp.paidMs),
  next_try_at: isoOf(topUp.nextTryMs),
  created_at: new Date(topUp.createdMs).toISOString(),
  updated_at: new Date(topUp.updatedMs).toISOString(),
});

const isoOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
