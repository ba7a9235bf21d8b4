import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { userMetadataFault } from '../../http-kit/text-shape.ts';
import { TokenSummary, UsageProcessed } from './answer-shapes.ts';

const surface = 'tier billing';

const notOwn = [403, 'This is another user', 'NOT_OWNER'] as const;

/** What OpenAPI says of these routes. */
export const docs = {
  processUsage: {
    summary: 'Counts usage in the current month and charges each block that is entered',
    auth: 'server key or owner',
    status: 200,
    once: true,
    answer: UsageProcessed,
    surface,
    errors: [notOwn, [400, 'one request enters at most 10000 tier blocks'], [400, userMetadataFault]],
    description:
      'Beyond 8,000,000 included tokens a month, each started block of 8,000,000 is one charge, paid through ' +
      'Stripe. Its outcome is waited for at most 2 s; without one the charge is pending. A report of a user may ' +
      'enter at most 100 blocks and have at most 16 kB of metadata.',
    example: {
      success: true,
      data: {
        consumptionId: '0d6a4a3e-98a3-3a52-8d5e-6a6b0f2f4c11',
        totalTokens: 10_000_000,
        tierCharges: [
          {
            id: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
            billing_tier: '8M-16M',
            amount_charged: 10_000,
            status: 'succeeded',
          },
        ],
      },
    },
  },
  summary: {
    summary: 'What a user used and owes in a month (default: the current one)',
    auth: 'server key or owner',
    status: 200,
    surface,
    answer: TokenSummary,
    errors: [notOwn],
    description:
      "Amounts are minor units of the plan's currency (centavos for BRL); `totals` has a row per currency. The " +
      "fixed fee counts once the month's invoice is paid; charges count unless they are cancelled. credited: " +
      'blocks that were corrected after they had been paid. refunded: what was paid back. paid: all payments of ' +
      'the month. owed: unpaid fees and blocks, less credits that are not settled (paid back, deducted from an ' +
      'invoice, or forfeited); negative: owed to the user.',
    example: {
      success: true,
      data: {
        total_tokens: 10_000_000,
        current_tier: '8M-16M',
        fixed_fee_charged: 40_000,
        tier_charges_count: 1,
        tier_charges_total: 10_000,
        total_charged: 50_000,
        credited: 0,
        refunded: 0,
        paid: 40_000,
        owed: 10_000,
        currency: 'BRL',
        totals: [
          {
            currency: 'BRL',
            fixed_fee_charged: 40_000,
            tier_charges_count: 1,
            tier_charges_total: 10_000,
            total_charged: 50_000,
            credited: 0,
            refunded: 0,
            paid: 40_000,
            owed: 10_000,
          },
        ],
      },
    },
  },
} satisfies Record<string, Documentation>;
