import { z } from 'zod';

import { shownAmount, shownTime } from '../../http-kit/openapi/answer-schemas.ts';

const money = { amount_minor: shownAmount, amount: z.string() };
const Money = z.object(money).meta({ id: 'Money' });
const Line = z
  .object({
    at: shownTime,
    month: z.string(),
    kind: z.enum(['usage', 'fee', 'top_up', 'write_off', 'credit', 'payment', 'refund']),
    description: z.string(),
    reference: z.string(),
    ...money,
  })
  .meta({ id: 'StatementLine' });

export const Statement = z
  .object({
    user_id: z.string(),
    period: z.string(),
    from: shownTime,
    to: shownTime,
    plan: z.object({ name: z.string().nullable(), version: z.int().min(0) }).nullable(),
    usage: z
      .object({
        used: shownAmount,
        included: shownAmount,
        beyond: shownAmount,
        blocks: z.array(
          z.object({
            block: shownAmount,
            billing_tier: z.string(),
            plan: z.string(),
            plan_version: z.int().min(0),
            currency: z.string(),
            charge_id: z.string(),
            ...money,
          }),
        ),
      })
      .nullable(),
    accounts: z.array(
      z.object({
        currency: z.string(),
        opening: Money,
        usage: Money,
        fees: Money,
        top_ups: Money,
        credits: Money,
        payments: Money,
        refunds: Money,
        closing: Money,
        lines: z.array(Line),
      }),
    ),
  })
  .meta({ id: 'Statement' });
