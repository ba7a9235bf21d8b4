import { z } from 'zod';

import { accountId } from '../../http-kit/account-shape.ts';
import { Booked } from './answer-shapes.ts';
import { isOne, oneOf, spendMembers } from './shapes.ts';

export const spendsMax = 1_000;

/** One spend of many; `id` is what the Idempotency-Key is to a single one. */
export const SpendItem = z
  .object({
    account: accountId,
    id: z
      .string()
      .regex(/^[\u0020-\u007e]{1,255}$/, 'must have 1 to 255 printable ASCII characters')
      .optional(),
    ...spendMembers,
  })
  .refine(isOne, oneOf)
  .meta({ example: { account: 'acme/search', id: 'call-17', amount: '1' } });

export const SpendResults = z
  .object({
    results: z.array(
      z.object({
        id: z.string().optional(),
        status: z.int(),
        replayed: z.literal(true).optional(),
        entry: Booked.shape.entry.optional(),
        available: Booked.shape.available.optional(),
        problem: z.record(z.string(), z.unknown()).optional(),
      }),
    ),
  })
  .meta({ id: 'SpendResults' });
