import { z } from 'zod';

const count = z.int().min(0);
const Difference = z.object({
  number: z.string().regex(/^[0-9]+$/), kind: z.string(), reference: z.string(), charge_id: z.uuid().nullable(), payment_intent: z.string().nullable(),
  account: z.string().nullable(), reason: z.string(), fix: z.string().nullable(), proposal: z.string().nullable(), outcome: z.enum(['fixed', 'remains']).nullable(),
}).meta({ id: 'ReconciliationDifference' });

/** A comparison and a page of what it found; `next` is the `after` of the following page. */
export const Reconciled = z.object({
  success: z.literal(true),
  data: z.object({
    id: z.uuid(), period: z.string(), from: z.iso.datetime(), to: z.iso.datetime(), fix: z.boolean(), state: z.enum(['running', 'done', 'failed', 'abandoned']),
    step: z.string(), done: count, expected: count, trouble: z.string().nullable(), differences: count, fixed: count, remaining: count, under_way: count,
    started_at: z.iso.datetime(), finished_at: z.iso.datetime().nullable(), items: z.array(Difference), next: z.string().nullable(),
  }),
}).meta({ id: 'Reconciliation' });
