import { z } from 'zod';

import { instant } from '../../http-kit/instant-shape.ts';
import { Month } from '../../http-kit/month-shape.ts';
import { itemsUpTo } from '../../http-kit/paging.ts';
import { textOf, UserId } from '../../http-kit/text-shape.ts';

export const Reconcile = z
  .object({
    period: Month.nullish(),
    fix: z.boolean().nullish(),
    fresh: z.boolean().nullish(),
  })
  .nullish()
  .meta({ example: { period: '2026-10', fix: false } });
export type Reconcile = z.output<typeof Reconcile>;

export const RunId = z.uuid('must be the id of a reconciliation').transform((id) => id.toLowerCase());
export const DifferencesPage = z.object({
  after: z
    .string()
    .regex(/^[0-9]{1,18}$/, 'must be the number of a difference')
    .optional(),
  limit: itemsUpTo(1_000, 100),
});
export type DifferencesPage = z.output<typeof DifferencesPage>;

export const DifferenceNumber = z.string().regex(/^[0-9]{1,18}$/, 'must be the number of a difference');
export const Acknowledge = z
  .object({ reason: textOf(1_000), until: instant })
  .meta({ example: { reason: 'refunded by hand on 3 December, see ticket 118', until: '2027-01-31T00:00:00Z' } });
export type Acknowledge = z.output<typeof Acknowledge>;
export const PaymentId = z.string().regex(/^pi_[A-Za-z0-9_]{1,100}$/, 'must be the id of a PaymentIntent at Stripe');
export const Assign = z
  .object({ user_id: UserId, reason: textOf(1_000) })
  .meta({ example: { user_id: 'user-uuid', reason: 'bank transfer of invoice 118' } });
export type Assign = z.output<typeof Assign>;
