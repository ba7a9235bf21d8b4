import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { FeeList, FeeShown } from './answer-shapes.ts';

const surface = 'tier billing';

const feeExample = {
  invoice_id: 'in_1P1',
  subscription_id: 'sub_1P1',
  customer_id: 'cus_1P1',
  user_id: 'user-uuid',
  status: 'failed',
  amount_minor: '40000',
  currency: 'BRL',
  period_start: '2026-12-01T00:00:00.000Z',
  decided: null,
};

/** What OpenAPI says of these routes. */
export const docs = {
  list: {
    summary: 'Monthly fees, newest period first',
    auth: 'server key',
    status: 200,
    surface,
    answer: FeeList,
    example: { success: true, data: { items: [feeExample], pagination: { page: 1, limit: 20, total: 1 } } },
    description:
      'status: open (due, not tried yet), failed (tried, still due), paid, voided, uncollectible (written off; ' +
      'a later payment still settles it).',
  },
  retry: {
    summary: "Charges a fee now to the customer's payment method, also if the subscription has ended",
    auth: 'admin',
    status: 200,
    surface,
    answer: FeeShown,
    errors: ['FEE_UNKNOWN', 'FEE_NOT_DUE', 'STRIPE_UNAVAILABLE'],
    example: { success: true, data: { ...feeExample, status: 'paid' } },
  },
  writeOff: {
    summary: 'Ends a fee that is due: void (as if it had never been invoiced) or uncollectible (written off)',
    auth: 'admin',
    status: 200,
    surface,
    answer: FeeShown,
    errors: ['FEE_UNKNOWN', 'FEE_NOT_DUE', 'STRIPE_REFUSED', 'STRIPE_UNAVAILABLE'],
    example: { success: true, data: { ...feeExample, status: 'uncollectible' } },
  },
} satisfies Record<string, Documentation>;
