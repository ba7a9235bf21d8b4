import type { AccountState } from '@tollgate/contracts';
import { baseTier, tokensPerCredit, tokensPerRequest } from '@tollgate/pricing';
import { z } from 'zod';

import { instant } from '../../http-kit/instant-shape.ts';
import { shownNumber, wholeFrom } from '../../http-kit/number-shape.ts';
import { clientIdMax, textOf } from '../../http-kit/text-shape.ts';

/** An id chosen by a client: opaque, of any script. */
const clientId = textOf(clientIdMax);

export const StartWorkflow = z.object({ projectId: clientId }).meta({ example: { projectId: 'abc123' } });
export type StartWorkflow = z.output<typeof StartWorkflow>;

const filesMax = 1_000;
export const GenerateReview = z
  .object({ projectId: clientId, files: z.array(z.unknown()).max(filesMax).nullish() })
  .meta({ example: { projectId: 'abc123', files: [{ path: 'src/main.ts', content: '…' }] } });
export type GenerateReview = z.output<typeof GenerateReview>;

const days = wholeFrom(1, 36_500).optional();
const credits = wholeFrom(1);
export const Initialize = z
  .object({ is_pro: z.boolean().optional() })
  .nullish()
  .meta({ example: { is_pro: false } });
export const Upgrade = z
  .object({ days, tier: z.enum(['pro', 'enterprise'], 'is pro or enterprise').optional(), credits: credits.optional() })
  .nullish()
  .meta({ example: { days: 30, tier: 'pro' } });
export const Renew = z
  .object({ days })
  .nullish()
  .meta({ example: { days: 30 } });
const reason = textOf(1_000).optional();
export const Bonus = z
  .object({ amount: credits, expires_at: instant.optional(), reason })
  .meta({ example: { amount: 10, expires_at: '2027-01-01T00:00:00Z', reason: 'goodwill for the outage' } });
export const Consume = z
  .object({ reason })
  .nullish()
  .meta({ example: { reason: 'support ticket 118' } });
export const Nothing = z.record(z.string(), z.unknown()).nullish().meta({ example: {} });

const tokens = (amount: bigint): number => shownNumber(amount * BigInt(tokensPerCredit));
/** A negative balance (an operator may allow overdraft) is shown as 0. */
const left = (amount: string): bigint => (BigInt(amount) > 0n ? BigInt(amount) : 0n);

/** The status object of `GET /api/user/usage`. */
export function shownUsage(state: AccountState): Record<string, unknown> {
  const { settings, period } = state;
  const credits = left(state.available ?? state.balance);
  const tier = settings.tier ?? baseTier;
  return {
    credits: shownNumber(credits),
    totalTokens: tokens(credits),
    availableTokens: tokens(credits),
    tokensPerCredit,
    isSubscribed: tier !== baseTier,
    subscriptionTier: tier,
    subscriptionEndsAt: settings.tier_end ?? null,
    totalTokensUsed: tokens(BigInt(state.used_total)),
    monthlyTokensUsed: tokens(BigInt(state.used)),
    monthlyResetDate: period?.start ?? state.opened_at,
  };
}

/** `creditInfo` of the two consuming routes. */
export const creditInfo = (of: {
  readonly available: string;
  readonly usedTotal: string;
}): Record<string, unknown> => ({
  tokensUsed: tokensPerRequest,
  creditsRemaining: shownNumber(left(of.available)),
  totalTokensUsed: tokens(BigInt(of.usedTotal)),
});

/** The body of a 429 answer: what is left, and what one call could use. */
export function insufficientBody(available: string): Record<string, unknown> {
  const credits = left(available);
  const detail = `You have ${credits} credits remaining (${credits * BigInt(tokensPerCredit)} tokens)`;
  const maxTokens = credits > 0n ? tokensPerRequest : 0;
  return { error: 'Insufficient credits', detail, status: 429, remainingCredits: shownNumber(credits), maxTokens };
}
