import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { CreditUsage, OrphanedOperations } from './answer-shapes.ts';
import { insufficientExample, orphanExample, usageExample } from './examples.ts';

export const surface = 'credits';

/** What OpenAPI says of these routes. */
export const docs = {
  orphaned: {
    summary:
      'Calls of product services that a crash interrupted and that were released or could not be paid, newest first',
    auth: 'admin',
    status: 200,
    surface,
    answer: OrphanedOperations,
    example: orphanExample,
  },
  read: {
    summary: "A user's remaining and used credits; a new user's account is opened with 5 credits",
    auth: 'admin',
    status: 200,
    surface,
    answer: CreditUsage,
    example: usageExample,
  },
  consume: {
    summary: 'Uses one credit',
    auth: 'admin',
    status: 200,
    once: true,
    surface,
    answer: CreditUsage,
    errors: [[429, 'Insufficient credits', insufficientExample]],
    example: {
      success: true,
      data: {
        ...usageExample.data,
        credits: 4,
        totalTokens: 8_000,
        availableTokens: 8_000,
        totalTokensUsed: 2_000,
        monthlyTokensUsed: 2_000,
      },
    },
  },
} satisfies Record<string, Documentation>;
