import { z } from 'zod';

import { shownAmount, shownInteger, shownTime } from '../../http-kit/openapi/answer-schemas.ts';

const success = z.literal(true);

/** An entered block. The amount is in minor units. */
export const TierCharge = z
  .object({
    id: z.uuid(),
    billing_tier: z.string(),
    amount_charged: shownInteger,
    status: z.enum(['pending', 'succeeded', 'requires_action', 'failed', 'cancelled']),
  })
  .meta({ id: 'TierCharge' });
export const UsageProcessed = z
  .object({
    success,
    data: z.object({ consumptionId: z.uuid(), totalTokens: shownInteger, tierCharges: z.array(TierCharge) }),
  })
  .meta({ id: 'UsageProcessed' });
const figures = {
  fixed_fee_charged: shownInteger,
  tier_charges_count: z.int().min(0),
  tier_charges_total: shownInteger,
  total_charged: shownInteger,
  credited: shownInteger,
  refunded: shownInteger,
  paid: shownInteger,
  owed: shownInteger,
  currency: z.string(),
};
export const TokenSummary = z
  .object({
    success,
    data: z.object({
      total_tokens: shownInteger,
      current_tier: z.string(),
      ...figures,
      totals: z.array(z.object(figures)),
    }),
  })
  .meta({ id: 'TokenSummary' });

export const SubscriptionCreated = z
  .object({
    success,
    data: z.object({
      subscriptionId: z.string(),
      amount: shownInteger,
      status: z.string(),
      currentPeriodStart: z.iso.datetime(),
      currentPeriodEnd: z.iso.datetime(),
    }),
  })
  .meta({ id: 'SubscriptionCreated' });
export const CustomerShown = z
  .object({
    success,
    user_id: z.string(),
    customer_id: z.string(),
    payment_method: z.string().nullable(),
  })
  .meta({ id: 'BillingCustomer' });

const amount = z.string().regex(/^[0-9]+$/);
/** A charge as admins see it; amounts are decimal strings in minor units. */
const Charge = z
  .object({
    id: z.uuid(),
    user_id: z.string().nullable(),
    account: z.string(),
    period: z.object({ start: z.iso.datetime(), end: z.iso.datetime() }),
    block: amount,
    billing_tier: z.string(),
    amount_minor: amount,
    currency: z.string(),
    status: z.enum(['pending', 'succeeded', 'requires_action', 'failed', 'cancelled']),
    reason: z.string().nullable(),
    payment_intent: z.string().nullable(),
    attempts: z.int().min(0),
    next_try_at: z.iso.datetime().nullable(),
    credited_at: z.iso.datetime().nullable(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Charge' });
export const ChargeList = z
  .object({
    success,
    data: z.object({ items: z.array(Charge), pagination: z.object({ page: z.int(), limit: z.int(), total: z.int() }) }),
  })
  .meta({ id: 'ChargeList' });
export const ChargeTried = z.object({ success, data: Charge }).meta({ id: 'ChargeTried' });

/** A refund as finance sees it; amounts are decimal strings in minor units. */
const Refund = z
  .object({
    id: z.uuid(),
    charge_id: z.uuid(),
    credit_note_id: z.uuid().nullable(),
    user_id: z.string().nullable(),
    account: z.string(),
    period: z.object({ start: z.iso.datetime(), end: z.iso.datetime() }),
    block: amount,
    billing_tier: z.string(),
    amount_minor: amount,
    currency: z.string(),
    origin: z.enum(['credit', 'stripe']),
    status: z.enum(['proposed', 'approved', 'processing', 'succeeded', 'failed', 'declined', 'withdrawn']),
    reason: z.string().nullable(),
    decided_by: z.string().nullable(),
    first_approval: z.string().nullable(),
    method: z.enum(['refund', 'invoice']),
    payment_intent: z.string(),
    stripe_refund: z.string().nullable(),
    succeeded_at: z.iso.datetime().nullable(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Refund' });
export const RefundList = z
  .object({
    success,
    data: z.object({ items: z.array(Refund), pagination: z.object({ page: z.int(), limit: z.int(), total: z.int() }) }),
  })
  .meta({ id: 'RefundList' });
export const RefundShown = z.object({ success, data: Refund }).meta({ id: 'RefundShown' });

/** `duplicate`: the event had been stored before. */
export const WebhookTaken = z
  .object({ received: z.literal(true), duplicate: z.boolean() })
  .meta({ id: 'WebhookTaken' });

const Fee = z
  .object({
    invoice_id: z.string(),
    subscription_id: z.string(),
    customer_id: z.string(),
    user_id: z.string().nullable(),
    status: z.enum(['open', 'failed', 'paid', 'voided', 'uncollectible']),
    amount_minor: shownAmount,
    currency: z.string(),
    period_start: shownTime,
    decided: z.object({ what: z.string(), by: z.string(), reason: z.string().nullable(), at: shownTime }).nullable(),
  })
  .meta({ id: 'Fee' });
export const FeeShown = z.object({ success: z.literal(true), data: Fee }).meta({ id: 'FeeShown' });
export const FeeList = z
  .object({
    success: z.literal(true),
    data: z.object({ items: z.array(Fee), pagination: z.object({ page: z.int(), limit: z.int(), total: z.int() }) }),
  })
  .meta({ id: 'FeeList' });
