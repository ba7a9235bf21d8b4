import { z } from 'zod';

import { anything, shownAmount, shownInteger, shownTime } from './answer-schemas.ts';

const limits = {
  /** The account whose balance or limit refused. */
  limit: z
    .object({
      account: z.string(),
      limit: shownAmount.optional(),
      period: z.string().optional(),
      model: z.string().optional(),
    })
    .optional(),
  asked: shownAmount.optional(),
  available: shownAmount.optional(),
  resets_at: shownTime.optional(),
  /** How a hold ended first. */
  hold: anything.optional(),
};

/** RFC 9457. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int().min(400).max(599),
    code: z.string(),
    detail: z.string(),
    correlation_id: z.string(),
    ...limits,
  })
  .meta({ id: 'Problem' });

export const LicenceKeyError = z
  .object({ success: z.literal(false), error: z.string() })
  .meta({ id: 'LicenceKeyError' });

export const CreditsError = z
  .object({
    error: z.string(),
    detail: z.string().optional(),
    status: z.int().min(400).max(599).optional(),
    remainingCredits: shownInteger.optional(),
    maxTokens: shownInteger.optional(),
    ...limits,
  })
  .meta({ id: 'CreditsError' });

export const TokenProcessError = z
  .object({
    success: z.literal(false),
    status: z.int().min(400).max(599),
    message: z.string(),
    sources: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'TokenProcessError' });

export const TierBillingError = z
  .object({
    success: z.literal(false),
    error: z.string(),
    details: z.object({ code: z.string(), correlation_id: z.string(), ...limits }).optional(),
  })
  .meta({ id: 'TierBillingError' });

/** Tasks that are not there any more say `message` alone. */
export const OptimizeError = z
  .object({
    success: z.literal(false),
    error: z.string().optional(),
    code: z.string().optional(),
    message: z.string().optional(),
    quota_info: z
      .object({ limit_mb: z.number(), used_mb: z.number(), remaining_mb: z.number(), requested_mb: z.number() })
      .optional(),
  })
  .meta({ id: 'OptimizeError' });
