export const usageExample = {
  success: true,
  data: {
    credits: 5,
    totalTokens: 10_000,
    availableTokens: 10_000,
    tokensPerCredit: 2_000,
    isSubscribed: false,
    subscriptionTier: 'free',
    subscriptionEndsAt: null,
    totalTokensUsed: 0,
    monthlyTokensUsed: 0,
    monthlyResetDate: '2026-11-21T12:00:00.000Z',
  },
};
export const creditInfoExample = { tokensUsed: 2_000, creditsRemaining: 4, totalTokensUsed: 2_000 };
export const insufficientExample = {
  error: 'Insufficient credits',
  detail: 'You have 0 credits remaining (0 tokens)',
  status: 429,
  remainingCredits: 0,
  maxTokens: 0,
};
export const orphanExample = {
  success: true,
  data: {
    items: [
      {
        id: '5f0c…',
        userId: 'user-123',
        feature: 'start-workflow',
        hold: 'h-17-1-4',
        step: 'orphaned',
        reason: 'the service cannot be reached',
        createdAt: '2026-11-21T12:00:00.000Z',
      },
    ],
  },
};
