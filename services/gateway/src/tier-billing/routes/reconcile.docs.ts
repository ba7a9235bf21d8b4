import type { DifferenceView, ReconciliationView } from '@tollgate/contracts';

import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { Reconciled } from './reconcile-answers.ts';

const surface = 'tier billing';

const differenceExample: DifferenceView = {
  number: '1',
  kind: 'not_in_books',
  reference: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
  charge_id: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
  payment_intent: 'pi_3P1',
  account: 'metered:user-uuid',
  reason: 'Stripe was paid 100.00 BRL by pi_3P1, and the books have the charge as failed',
  fix: "take Stripe's state of the payment into the books, as its webhook would have",
  proposal: null,
  outcome: null,
  acknowledged: null,
};

const runExample: ReconciliationView = {
  id: '0d6a4a3e-98a3-4a52-8d5e-6a6b0f2f4c11',
  period: '2026-10',
  from: '2026-10-01T00:00:00.000Z',
  to: '2026-11-01T00:00:00.000Z',
  fix: false,
  state: 'done',
  step: 'end',
  done: 1_204,
  expected: 1_200,
  trouble: null,
  differences: 1,
  fixed: 0,
  acknowledged: 0,
  remaining: 1,
  under_way: 0,
  started_at: '2026-11-21T12:00:00.000Z',
  finished_at: '2026-11-21T12:00:09.000Z',
};

const example = { success: true, data: { ...runExample, items: [differenceExample], next: null } };

/** What OpenAPI says of these routes. */
export const docs = {
  start: {
    summary: 'Compares Stripe with the books of a month; fix corrects what moves no money',
    auth: 'admin',
    status: 200,
    surface,
    answer: Reconciled,
    example,
    description:
      'Waits at most 3 s for the result; after that `state` is running, and GET shows the progress. If a ' +
      'comparison of the month is running, it is continued and answered; `fresh` starts a new one. Default ' +
      'period: the current month.',
  },
  read: {
    summary: 'Progress of a comparison, with a page of its differences',
    auth: 'admin',
    status: 200,
    surface,
    answer: Reconciled,
    example,
    errors: [[404, 'Reconciliation not found', 'RESOURCE_UNKNOWN']],
  },
} satisfies Record<string, Documentation>;
