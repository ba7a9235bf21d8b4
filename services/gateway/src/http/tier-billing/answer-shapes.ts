import { z } from 'zod';
import { shownInteger } from '../answer-schemas.ts';

const success = z.literal(true);

/** A block that was entered; the amount in minor units. */
export const TierCharge = z.object({
  id: z.uuid(), billing_tier: z.string(), amount_charged: shownInteger,
  status: z.enum(['pending', 'succeeded', 'requires_action', 'failed', 'cancelled']),
}).meta({ id: 'TierCharge' });
export const UsageProcessed = z.object({
  success, data: z.object({ consumptionId: z.uuid(), totalTokens: shownInteger, tierCharges: z.array(TierCharge) }),
}).meta({ id: 'UsageProcessed' });
export const TokenSummary = z.object({
  success,
  data: z.object({
    total_tokens: shownInteger, current_tier: z.string(), fixed_fee_charged: shownInteger, tier_charges_count: z.int().min(0),
    tier_charges_total: shownInteger, total_charged: shownInteger,
  }),
}).meta({ id: 'TokenSummary' });
