import { topUpStatuses } from '@tollgate/contracts';
import { amountMax } from '@tollgate/kernel';
import { currencyExponent, priceMax } from '@tollgate/pricing';
import { z } from 'zod';

import { cursorPage } from '../../http-kit/paging.ts';
import { textOf, userIdText } from '../../http-kit/text-shape.ts';
import { amountFrom } from './shapes.ts';

const whole = /^[0-9]{1,20}$/;
/** Object rules also run when a member is invalid, so values that are not numbers are not compared. */
const isLess = (amount: string, other: string): boolean =>
  whole.test(amount) && whole.test(other) && BigInt(amount) < BigInt(other);
/** Whether a wallet that has almost `below` could not take as many units more. */
const exceeds = (below: string, units: string): boolean =>
  whole.test(below) && whole.test(units) && BigInt(below) + BigInt(units) > amountMax;

export const AutoTopUpTerms = z
  .strictObject({
    user_id: userIdText,
    below: amountFrom(0n),
    units: amountFrom(1n),
    amount_minor: amountFrom(1n),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be the three capitals of an ISO 4217 currency')
      .refine((code) => currencyExponent(code) !== undefined, 'is no currency of ISO 4217'),
    day_max_minor: amountFrom(1n),
    month_max_minor: amountFrom(1n),
    failures_max: z.int().min(1).max(20).default(3),
  })
  .refine((terms) => !isLess(terms.day_max_minor, terms.amount_minor), {
    path: ['day_max_minor'],
    error: 'is less than amount_minor, so that nothing would ever be bought',
  })
  .refine((terms) => !isLess(terms.month_max_minor, terms.day_max_minor), {
    path: ['month_max_minor'],
    error: 'is less than day_max_minor',
  })
  .refine((terms) => !isLess(String(priceMax), terms.amount_minor), {
    path: ['amount_minor'],
    error: `is more than ${priceMax}, the most that one payment takes`,
  })
  .refine((terms) => currencyExponent(terms.currency) !== 3 || terms.amount_minor.endsWith('0'), {
    path: ['amount_minor'],
    error: 'must be a multiple of 10: this currency is charged in hundredths',
  })
  .refine((terms) => !exceeds(terms.below, terms.units), {
    path: ['units'],
    error:
      'is more than a wallet can hold beside what it has when it is low: below and units are at most 2^63-1 together',
  })
  .meta({
    example: {
      user_id: 'user-7',
      below: '200',
      units: '1000',
      amount_minor: '2000',
      currency: 'USD',
      day_max_minor: '6000',
      month_max_minor: '30000',
      failures_max: 3,
    },
  });
export type AutoTopUpTerms = z.output<typeof AutoTopUpTerms>;

const time = z.iso.datetime();
export const AutoTopUp = z
  .object({
    account: z.string(),
    user_id: z.string(),
    below: z.string(),
    units: z.string(),
    amount_minor: z.string(),
    currency: z.string(),
    day_max_minor: z.string(),
    month_max_minor: z.string(),
    failures_max: z.int(),
    status: z.enum(['active', 'waiting', 'limited', 'paused']),
    failures: z.int(),
    reason: z.string().nullable(),
    next_try_at: time.nullable(),
    day_minor: z.string(),
    month_minor: z.string(),
    changed_by: z.string(),
    changed_at: time,
  })
  .meta({ id: 'AutoTopUp' });
export const AutoTopUps = z.object({ items: z.array(AutoTopUp), next: z.string().nullable() });
export const TopUps = z
  .object({
    items: z.array(
      z.object({
        id: z.uuid(),
        account: z.string(),
        user_id: z.string(),
        units: z.string(),
        amount_minor: z.string(),
        currency: z.string(),
        status: z.enum(topUpStatuses),
        reason: z.string().nullable(),
        available_before: z.string(),
        payment_intent: z.string().nullable(),
        paid_at: time.nullable(),
        next_try_at: time.nullable(),
        created_at: time,
        updated_at: time,
      }),
    ),
    next: z.string().nullable(),
  })
  .meta({ id: 'TopUps' });

export const AutoTopUpsQuery = z.object({ after: textOf(300).optional(), limit: cursorPage.limit });
export type AutoTopUpsQuery = z.output<typeof AutoTopUpsQuery>;
export const TopUpsQuery = z.object({
  account: textOf(300).optional(),
  status: z.enum(topUpStatuses).optional(),
  after: z
    .string()
    .regex(
      /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
      'is not a cursor of this list',
    )
    .refine((cursor) => !Number.isNaN(Date.parse(cursor.slice(0, 24))), 'is not a cursor of this list')
    .optional(),
  limit: cursorPage.limit,
});
export type TopUpsQuery = z.output<typeof TopUpsQuery>;

export const autoTopUpExample = {
  account: 'acme/search',
  user_id: 'user-7',
  below: '200',
  units: '1000',
  amount_minor: '2000',
  currency: 'USD',
  day_max_minor: '6000',
  month_max_minor: '30000',
  failures_max: 3,
  status: 'active',
  failures: 0,
  reason: null,
  next_try_at: null,
  day_minor: '2000',
  month_minor: '8000',
  changed_by: 'root (key 1f0a)',
  changed_at: '2026-11-28T12:00:00.000Z',
};
export const topUpExample = {
  id: '0f4a1f2e-6f39-4a3e-8a55-6b7b6d7b1c10',
  account: 'acme/search',
  user_id: 'user-7',
  units: '1000',
  amount_minor: '2000',
  currency: 'USD',
  status: 'succeeded',
  reason: null,
  available_before: '188',
  payment_intent: 'pi_3P1',
  paid_at: '2026-11-28T12:00:01.000Z',
  next_try_at: null,
  created_at: '2026-11-28T12:00:00.000Z',
  updated_at: '2026-11-28T12:00:02.000Z',
};
