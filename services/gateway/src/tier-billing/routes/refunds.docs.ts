import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { RefundList, RefundShown } from './answer-shapes.ts';

const surface = 'tier billing';

const refundExample = {
  id: '0f4cb2ee-5a3d-5b7e-8a53-1d7c52b8a7a1',
  charge_id: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
  credit_note_id: '9a1c1a3e-7d86-5f0b-b2a5-93f5c9d3c111',
  user_id: 'user-uuid',
  account: 'metered:user-uuid',
  period: { start: '2026-11-01T00:00:00.000Z', end: '2026-12-01T00:00:00.000Z' },
  block: '1',
  billing_tier: '8M-16M',
  amount_minor: '10000',
  currency: 'BRL',
  origin: 'credit',
  status: 'proposed',
  reason: null,
  decided_by: null,
  first_approval: null,
  method: 'refund',
  payment_intent: 'pi_3P1',
  stripe_refund: null,
  succeeded_at: null,
  created_at: '2026-11-21T12:00:00.000Z',
  updated_at: '2026-11-21T12:00:00.000Z',
};

/** What OpenAPI says of these routes. */
export const docs = {
  list: {
    summary: 'Refunds, newest first: proposed for corrected blocks, or made by hand at Stripe',
    auth: 'server key',
    status: 200,
    surface,
    answer: RefundList,
    example: { success: true, data: { items: [refundExample], pagination: { page: 1, limit: 20, total: 1 } } },
  },
  approve: {
    summary: 'Approves a proposed or failed refund: only approved refunds are sent to Stripe',
    auth: 'admin',
    status: 200,
    once: true,
    surface,
    answer: RefundShown,
    errors: ['REFUND_UNKNOWN', 'REFUND_NOT_OPEN'],
    description:
      'Answers at once; the list shows the outcome. Above FOUR_EYES_ABOVE the first approval leaves the refund ' +
      'proposed, with `first_approval`, and another person or key must approve it too. Needs the scope ' +
      'billing:approve.',
    example: {
      success: true,
      data: { ...refundExample, status: 'approved', decided_by: 'ada@example.org (user 0f4c)' },
    },
  },
  decline: {
    summary: 'Declines a proposed or failed refund and decides what becomes of the credit',
    auth: 'admin',
    status: 200,
    once: true,
    surface,
    answer: RefundShown,
    errors: ['REFUND_UNKNOWN', 'REFUND_NOT_OPEN'],
    description:
      "credit=apply lowers the next invoice of the customer's subscription by it, once: the refund goes on with " +
      'method invoice, until it is succeeded. credit=forfeit ends it: ' +
      'the customer does not get it. Applying a sum above FOUR_EYES_ABOVE takes two people, as approving does.',
    example: {
      success: true,
      data: { ...refundExample, status: 'approved', method: 'invoice', decided_by: 'ada@example.org (user 0f4c)' },
    },
  },
} satisfies Record<string, Documentation>;
