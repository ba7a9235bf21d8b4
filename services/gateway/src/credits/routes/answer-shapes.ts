import { z } from 'zod';

import { shownInteger, shownTime } from '../../http-kit/openapi/answer-schemas.ts';

const success = z.literal(true);

export const CreditUsage = z
  .object({
    success,
    data: z.object({
      credits: shownInteger,
      totalTokens: shownInteger,
      availableTokens: shownInteger,
      tokensPerCredit: shownInteger,
      isSubscribed: z.boolean(),
      subscriptionTier: z.string(),
      subscriptionEndsAt: shownTime.nullable(),
      totalTokensUsed: shownInteger,
      monthlyTokensUsed: shownInteger,
      monthlyResetDate: shownTime,
    }),
  })
  .meta({ id: 'CreditUsage' });
const creditInfo = z
  .object({ tokensUsed: shownInteger, creditsRemaining: shownInteger, totalTokensUsed: shownInteger })
  .meta({ id: 'CreditInfo' });
export const WorkflowStarted = z
  .object({ success, workflowStarted: z.literal(true), message: z.string(), creditInfo })
  .meta({ id: 'WorkflowStarted' });
/** The review is what the service answered: usually a text. */
export const ReviewGenerated = z.object({ review: z.unknown(), creditInfo }).meta({ id: 'ReviewGenerated' });
export const OrphanedOperations = z
  .object({
    success,
    data: z.object({
      items: z.array(
        z.object({
          id: z.string(),
          userId: z.string().nullable(),
          feature: z.string(),
          hold: z.string().nullable(),
          step: z.string(),
          reason: z.string().nullable(),
          createdAt: shownTime,
        }),
      ),
    }),
  })
  .meta({ id: 'OrphanedOperations' });
