import { z } from 'zod';

const count = z.int().min(0);
const Difference = z
  .object({
    number: z.string().regex(/^[0-9]+$/),
    kind: z.string(),
    reference: z.string(),
    charge_id: z.uuid().nullable(),
    payment_intent: z.string().nullable(),
    account: z.string().nullable(),
    reason: z.string(),
    fix: z.string().nullable(),
    proposal: z.string().nullable(),
    outcome: z.enum(['fixed', 'remains']).nullable(),
    acknowledged: z
      .object({ by: z.string(), reason: z.string(), at: z.iso.datetime(), until: z.iso.datetime() })
      .nullable(),
  })
  .meta({ id: 'ReconciliationDifference' });

/** A comparison with a page of its differences. `next` is the `after` of the following page. */
export const Reconciled = z
  .object({
    success: z.literal(true),
    data: z.object({
      id: z.uuid(),
      period: z.string(),
      from: z.iso.datetime(),
      to: z.iso.datetime(),
      fix: z.boolean(),
      state: z.enum(['running', 'done', 'failed', 'abandoned']),
      step: z.string(),
      done: count,
      expected: count,
      trouble: z.string().nullable(),
      differences: count,
      fixed: count,
      acknowledged: count,
      remaining: count,
      under_way: count,
      started_at: z.iso.datetime(),
      finished_at: z.iso.datetime().nullable(),
      items: z.array(Difference),
      next: z.string().nullable(),
    }),
  })
  .meta({ id: 'Reconciliation' });

export const DifferenceShown = z
  .object({ success: z.literal(true), data: Difference })
  .meta({ id: 'ReconciliationDifferenceShown' });
export const PaymentAssigned = z
  .object({
    success: z.literal(true),
    data: z.object({
      payment_intent: z.string(),
      user_id: z.string(),
      amount_minor: z.string(),
      currency: z.string(),
      paid_at: z.iso.datetime(),
      reason: z.string(),
      by: z.string(),
      at: z.iso.datetime(),
    }),
  })
  .meta({ id: 'AssignedPayment' });
