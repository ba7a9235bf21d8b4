import type { RefundView } from '@tollgate/contracts';

import type { Refund, RefundAttempt, RefundStatus } from '../domain/refund.ts';

export type RefundRow = {
  readonly id: string;
  readonly charge_id: string;
  readonly credit_note_id: string | null;
  readonly payment_intent: string;
  readonly amount_minor: bigint;
  readonly currency: string;
  readonly origin: 'credit' | 'stripe';
  readonly status: RefundStatus;
  readonly reason: string | null;
  readonly decided_by: string | null;
  readonly first_approval: string | null;
  readonly apply_to: string | null;
  readonly stripe_refund: string | null;
  readonly attempts: number;
  readonly unanswered: number;
  readonly attempt_open: boolean;
  readonly next_try_at: Date | null;
  readonly succeeded_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
};

export const fromRowRefund = (row: RefundRow): Refund => ({
  id: row.id,
  chargeId: row.charge_id,
  creditNote: row.credit_note_id,
  paymentIntent: row.payment_intent,
  amountMinor: row.amount_minor,
  currency: row.currency,
  origin: row.origin,
  status: row.status,
  reason: row.reason,
  decidedBy: row.decided_by,
  firstApproval: row.first_approval,
  stripeRefund: row.stripe_refund,
  applyTo: row.apply_to,
  attempts: row.attempts,
  unanswered: row.unanswered,
  attemptOpen: row.attempt_open,
  nextTryMs: row.next_try_at?.getTime() ?? null,
  succeededMs: row.succeeded_at?.getTime() ?? null,
});

/** With what it is for, of its charge. */
export type RefundViewRow = RefundRow & {
  readonly user_id: string | null;
  readonly account: string;
  readonly block: bigint;
  readonly billing_tier: string;
  readonly period_start: Date;
  readonly period_end: Date;
};

export const toRefundView = (row: RefundViewRow): RefundView => ({
  id: row.id,
  charge_id: row.charge_id,
  credit_note_id: row.credit_note_id,
  user_id: row.user_id,
  account: row.account,
  period: { start: row.period_start.toISOString(), end: row.period_end.toISOString() },
  block: String(row.block),
  billing_tier: row.billing_tier,
  amount_minor: String(row.amount_minor),
  currency: row.currency,
  origin: row.origin,
  status: row.status,
  reason: row.reason,
  decided_by: row.decided_by,
  first_approval: row.first_approval,
  method: row.apply_to === null ? 'refund' : 'invoice',
  payment_intent: row.payment_intent,
  stripe_refund: row.stripe_refund,
  succeeded_at: row.succeeded_at?.toISOString() ?? null,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
});

export type RefundAttemptRow = {
  readonly number: number;
  readonly idempotency_key: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly started_at: Date;
};

export const fromRowRefundAttempt = (row: RefundAttemptRow): RefundAttempt => ({
  number: row.number,
  key: row.idempotency_key,
  request: row.request,
  startedMs: row.started_at.getTime(),
});
