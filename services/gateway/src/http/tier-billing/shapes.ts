import type { CrossingView, UsagePeriodView } from '@tollgate/contracts';
import { isStorableText } from '@tollgate/kernel';
import { defaultPricePlan, tierLabel } from '@tollgate/pricing';
import { z } from 'zod';
import { parseTime } from '../../domain/instant.ts';
import { shownNumber } from '../credits/shapes.ts';

/** An id that a client chose: opaque, of any script. */
const clientId = z.string().min(1, 'must have at least 1 character').max(128, 'must have at most 128 characters')
  .refine((value) => isStorableText(value), { error: 'has a NUL character or a lone surrogate' });
export const UserId = clientId;

export const ProcessUsage = z.object({
  userId: clientId,
  tokensUsed: z.int('must be a whole number from 0 to 2^53-1').min(0).max(Number.MAX_SAFE_INTEGER),
  operationType: clientId.nullish(),
  clientId: clientId.nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
}).meta({
  example: { userId: 'user-uuid', tokensUsed: 5_000_000, operationType: 'chat', clientId: 'client-uuid', metadata: { conversationId: 'conv-123' } },
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

/** A block that was entered, as the plan version prices it that was in force when the month began. */
export const shownCharge = (crossing: CrossingView): Record<string, unknown> => ({
  id: crossing.charge_id,
  billing_tier: crossing.billing_tier,
  amount_charged: shownNumber(BigInt(crossing.amount_minor)),
  status: 'pending',
});

/** The figures of a month; without any usage all are 0. The fixed fee counts once its invoice is paid, which nothing does yet. */
export function shownSummary(usage: UsagePeriodView | null): Record<string, unknown> {
  const crossings = usage?.crossings ?? [];
  const total = crossings.reduce((sum, { amount_minor: amount }) => sum + BigInt(amount), 0n);
  const fixedFee = 0n;
  return {
    total_tokens: shownNumber(BigInt(usage?.used ?? '0')),
    current_tier: usage?.plan.tier ?? tierLabel(0n, defaultPricePlan),
    fixed_fee_charged: shownNumber(fixedFee),
    tier_charges_count: crossings.length,
    tier_charges_total: shownNumber(total),
    total_charged: shownNumber(fixedFee + total),
  };
}
