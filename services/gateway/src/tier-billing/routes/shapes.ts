import type { ChargeStatusView, CrossingView } from '@tollgate/contracts';
import { isStorableText } from '@tollgate/kernel';
import { z } from 'zod';

import { shownNumber, wholeFrom } from '../../http-kit/number-shape.ts';
import { numberedPage } from '../../http-kit/paging.ts';
import { clientIdMax, textOf, userIdText } from '../../http-kit/text-shape.ts';
import { parseTime } from '../../shared/domain/instant.ts';

/** An id chosen by a client: opaque, of any script. */
const clientId = textOf(clientIdMax);

export const ProcessUsage = z
  .object({
    userId: userIdText,
    tokensUsed: wholeFrom(0),
    operationType: clientId.nullish(),
    clientId: clientId.nullish(),
    metadata: z.record(z.string(), z.unknown()).nullish(),
  })
  .meta({
    example: {
      userId: 'user-uuid',
      tokensUsed: 5_000_000,
      operationType: 'chat',
      clientId: 'client-uuid',
      metadata: { conversationId: 'conv-123' },
    },
  });
export type ProcessUsage = z.output<typeof ProcessUsage>;

/** A date (its first instant in UTC) or a date-time, in milliseconds. */
const periodStart = z.string().transform((text, context) => {
  const atMs = parseTime(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (atMs !== null && atMs >= 0) return atMs;
  context.addIssue({ code: 'custom', message: 'must be a date or a date-time from 1970 on' });
  return z.NEVER;
});
export const SummaryQuery = z.object({ periodStart: periodStart.optional() });
export type SummaryQuery = z.output<typeof SummaryQuery>;

/** An entered block with billing's status of its charge; `pending` until billing knows it. */
export const shownCharge = (crossing: CrossingView, charge: ChargeStatusView | undefined): Record<string, unknown> => ({
  id: crossing.charge_id,
  billing_tier: crossing.billing_tier,
  amount_charged: shownNumber(BigInt(crossing.amount_minor)),
  status: charge?.status ?? 'pending',
});

const stripeId = z
  .string()
  .min(1, 'must have at least 1 character')
  .max(255, 'must have at most 255 characters')
  .refine((value) => /^[\u0021-\u007e]+$/.test(value), { error: 'must be an id of Stripe' });

export const CreateSubscription = z.object({ customerId: stripeId }).meta({ example: { customerId: 'cus_stripe_id' } });
export type CreateSubscription = z.output<typeof CreateSubscription>;

export const PutCustomer = z
  .object({
    customer_id: stripeId.nullish(),
    email: z
      .string()
      .max(512)
      .regex(/^[^\s@\u0000]+@[^\s@\u0000]+$/, 'must be an e-mail address')
      .refine((value) => isStorableText(value), { error: 'has a lone surrogate' })
      .nullish(),
    payment_method: stripeId.nullish(),
  })
  .nullish()
  .meta({ example: { email: 'ada@example.org', payment_method: 'pm_card_visa' } });
export type PutCustomer = z.output<typeof PutCustomer>;

/** `2026-11`, a date or a date-time: any moment in the period. */
const period = z.string().transform((text, context) => {
  const full = /^\d{4}-\d{2}$/.test(text)
    ? `${text}-01T00:00:00Z`
    : /^\d{4}-\d{2}-\d{2}$/.test(text)
      ? `${text}T00:00:00Z`
      : text;
  const atMs = parseTime(full);
  if (atMs !== null && atMs >= 0) return new Date(atMs).toISOString();
  context.addIssue({ code: 'custom', message: 'must be a month, a date or a date-time from 1970 on' });
  return z.NEVER;
});
export const ListCharges = z.object({
  user_id: clientId.optional(),
  status: z.enum(['pending', 'succeeded', 'requires_action', 'failed', 'cancelled']).optional(),
  period: period.optional(),
  ...numberedPage,
});
export type ListCharges = z.output<typeof ListCharges>;

export const ChargeId = z.uuid('must be the id of a charge').transform((id) => id.toLowerCase());

export const InvoiceId = z.string().regex(/^in_[A-Za-z0-9_]{1,100}$/, 'must be the id of an invoice at Stripe');
export const ListFees = z.object({
  status: z.enum(['open', 'failed', 'paid', 'voided', 'uncollectible']).optional(),
  user_id: clientId.optional(),
  ...numberedPage,
});
export type ListFees = z.output<typeof ListFees>;
export const WriteOff = z
  .object({ how: z.enum(['void', 'uncollectible']).default('uncollectible'), reason: textOf(1_000) })
  .meta({ example: { how: 'uncollectible', reason: 'the company is insolvent' } });
export type WriteOff = z.output<typeof WriteOff>;
export const RefundId = z.uuid('must be the id of a refund').transform((id) => id.toLowerCase());
export const ListRefunds = z.object({
  status: z.enum(['proposed', 'approved', 'processing', 'succeeded', 'failed', 'declined', 'withdrawn']).optional(),
  user_id: clientId.optional(),
  ...numberedPage,
});
export type ListRefunds = z.output<typeof ListRefunds>;
export const DeclineRefund = z
  .object({
    reason: z
      .string()
      .min(1, 'must have at least 1 character')
      .max(255, 'must have at most 255 characters')
      .refine((value) => isStorableText(value), { error: 'has a NUL character or a lone surrogate' }),
    credit: z.enum(
      ['apply', 'forfeit'],
      'must be apply (the next invoice is lowered by it) or forfeit (the customer does not get it)',
    ),
  })
  .meta({ example: { reason: 'agreed with the customer', credit: 'apply' } });
export type DeclineRefund = z.output<typeof DeclineRefund>;
