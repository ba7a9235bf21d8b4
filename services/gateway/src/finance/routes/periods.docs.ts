import { z } from 'zod';

import { shownTime } from '../../http-kit/openapi/answer-schemas.ts';
import type { Documentation } from '../../http-kit/openapi/documented.ts';

const surface = 'tier billing';

const Step = z
  .object({
    period: z.string(),
    number: z.int().min(1),
    type: z.enum(['closed', 'reopened']),
    as_of: shownTime.nullable(),
    figures: z.string().nullable(),
    hash: z.string().nullable(),
    reason: z.string().nullable(),
    by: z.string(),
    at: shownTime,
    entry: z.string().nullable(),
  })
  .meta({ id: 'ClosingStep' });

const StepShown = z.object({ success: z.literal(true), data: Step }).meta({ id: 'ClosingStepShown' });

const StepList = z
  .object({ success: z.literal(true), data: z.object({ items: z.array(Step) }) })
  .meta({ id: 'ClosingStepList' });

const MonthShown = z
  .object({
    success: z.literal(true),
    data: z.object({
      period: z.string(),
      closed: z.boolean(),
      checklist: z.array(z.object({ check: z.string(), open: z.array(z.string()) })),
      steps: z.array(Step),
    }),
  })
  .meta({ id: 'ClosingMonth' });

const step = {
  period: '2026-10',
  number: 1,
  type: 'closed',
  as_of: '2026-11-02T09:00:00.000Z',
  figures: '{"as_of":"2026-11-02T09:00:00.000Z","period":"2026-10"}',
  hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  reason: null,
  by: 'ada@example.org (user 0f4c)',
  at: '2026-11-02T09:00:01.000Z',
  entry: '3-118',
};

/** What OpenAPI says of these routes. */
export const docs = {
  list: {
    summary: 'Closings and reopenings of months, by month',
    auth: 'server key',
    status: 200,
    surface,
    answer: StepList,
    example: { success: true, data: { items: [step] } },
  },
  show: {
    summary: 'Whether a month is closed, and what prevents it',
    auth: 'server key',
    status: 200,
    surface,
    answer: MonthShown,
    example: {
      success: true,
      data: {
        period: '2026-10',
        closed: false,
        checklist: [{ check: 'proposals', open: ['refund 0f4cb2ee of 100.00 BRL is proposed'] }],
        steps: [],
      },
    },
  },
  close: {
    summary: 'Closes a month: its figures are kept, and their hash is sealed in the ledger',
    auth: 'admin',
    status: 200,
    surface,
    answer: StepShown,
    example: { success: true, data: step },
    errors: ['PERIOD_NOT_READY'],
    description:
      'Refused while something is open: the comparison with Stripe, the trial balance, usage without a charge, ' +
      'differences, undecided refunds, missing seals. A closed month is answered unchanged. Later changes to it ' +
      'are adjustments in the open month. Needs the scope billing:approve.',
  },
  reopen: {
    summary: 'Reopens a closed month, for a reason; the kept figures stay',
    auth: 'admin',
    status: 200,
    surface,
    answer: StepShown,
    errors: ['PERIOD_NOT_CLOSED'],
    example: {
      success: true,
      data: {
        ...step,
        number: 2,
        type: 'reopened',
        as_of: null,
        figures: null,
        hash: null,
        reason: 'invoice 118 was booked twice',
        entry: '3-131',
      },
    },
  },
} satisfies Record<string, Documentation>;
