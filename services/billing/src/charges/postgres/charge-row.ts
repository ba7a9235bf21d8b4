import type { Attempt, AttemptKind, Charge, ChargeStatus } from '../domain/charge.ts';

export type ChargeRow = {
  readonly id: string;
  readonly account: string;
  readonly user_id: string | null;
  readonly period_start: Date;
  readonly period_end: Date;
  readonly block: bigint;
  readonly plan: string;
  readonly billing_tier: string;
  readonly amount_minor: bigint;
  readonly currency: string;
  readonly crossed_at: Date | null;
  readonly status: ChargeStatus;
  readonly reason: string | null;
  readonly payment_intent: string | null;
  readonly paid_at: Date | null;
  readonly attempts: number;
  readonly refusals: number;
  readonly unanswered: number;
  readonly attempt_open: boolean;
  readonly next_try_at: Date | null;
  readonly version: number;
  readonly credited_at: Date | null;
  readonly owed: boolean;
  readonly series: number;
  readonly cancel_sent: boolean;
  readonly credit_note: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
};

export const fromRowCharge = (row: ChargeRow): Charge => ({
  id: row.id,
  account: row.account,
  userId: row.user_id,
  periodStartMs: row.period_start.getTime(),
  periodEndMs: row.period_end.getTime(),
  block: row.block,
  plan: row.plan,
  billingTier: row.billing_tier,
  amountMinor: row.amount_minor,
  currency: row.currency,
  crossedMs: row.crossed_at?.getTime() ?? null,
  status: row.status,
  reason: row.reason,
  paymentIntent: row.payment_intent,
  paidMs: row.paid_at?.getTime() ?? null,
  attempts: row.attempts,
  refusals: row.refusals,
  unanswered: row.unanswered,
  attemptOpen: row.attempt_open,
  nextTryMs: row.next_try_at?.getTime() ?? null,
  version: row.version,
  creditedMs: row.credited_at?.getTime() ?? null,
  owed: row.owed,
  series: row.series,
  cancelSent: row.cancel_sent,
  creditNote: row.credit_note,
});

export type AttemptRow = {
  readonly number: number;
  readonly kind: AttemptKind;
  readonly idempotency_key: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly started_at: Date;
};

export const fromRowAttempt = (row: AttemptRow): Attempt => ({
  number: row.number,
  kind: row.kind,
  key: row.idempotency_key,
  request: row.request,
  startedMs: row.started_at.getTime(),
});

/** A time for PostgreSQL. */
export const dateOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));
