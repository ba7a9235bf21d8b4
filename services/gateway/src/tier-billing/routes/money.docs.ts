import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { ChargeList, ChargeTried, CustomerShown, SubscriptionCreated } from './answer-shapes.ts';

const surface = 'tier billing';

const chargeExample = {
  id: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
  user_id: 'user-uuid',
  account: 'metered:user-uuid',
  period: { start: '2026-11-01T00:00:00.000Z', end: '2026-12-01T00:00:00.000Z' },
  block: '1',
  billing_tier: '8M-16M',
  amount_minor: '10000',
  currency: 'BRL',
  status: 'failed',
  reason: 'generic_decline',
  payment_intent: 'pi_3P1',
  attempts: 1,
  next_try_at: '2026-11-21T13:02:11.000Z',
  credited_at: null,
  created_at: '2026-11-21T12:00:00.000Z',
  updated_at: '2026-11-21T12:00:01.000Z',
};

/** What OpenAPI says of these routes. */
export const docs = {
  create: {
    summary: 'Starts the monthly fee of a Stripe customer: the full fee now, then on the 1st of each month',
    auth: 'server key or owner',
    status: 200,
    once: true,
    surface,
    answer: SubscriptionCreated,
    errors: [
      'CUSTOMER_UNKNOWN',
      'STRIPE_REFUSED',
      'STRIPE_UNAVAILABLE',
      [403, "This is another user's customer", 'NOT_OWNER'],
    ],
    description: 'If a subscription is running, it is answered unchanged; a second one is never created.',
    example: {
      success: true,
      data: {
        subscriptionId: 'sub_1P1',
        amount: 40_000,
        status: 'active',
        currentPeriodStart: '2026-11-21T12:00:00.000Z',
        currentPeriodEnd: '2026-12-01T00:00:00.000Z',
      },
    },
  },
  putCustomer: {
    summary: 'Sets the Stripe customer that pays for a user; without customer_id one is created',
    auth: 'admin',
    status: 200,
    surface,
    answer: CustomerShown,
    errors: ['CUSTOMER_UNKNOWN', 'STRIPE_REFUSED', 'STRIPE_UNAVAILABLE'],
    description: 'A payment method is attached and used from now on; charges that waited for one are retried at once.',
    example: { success: true, user_id: 'user-uuid', customer_id: 'cus_1P1', payment_method: 'pm_1P1' },
  },
  charges: {
    summary: 'Charges, newest first',
    auth: 'server key',
    status: 200,
    surface,
    answer: ChargeList,
    description: 'period: a month (2026-11), or any date or time in it.',
    example: { success: true, data: { items: [chargeExample], pagination: { page: 1, limit: 20, total: 1 } } },
  },
  retry: {
    summary: 'Retries a charge now, regardless of its back-off, and waits at most 2 s for the outcome',
    auth: 'admin',
    status: 200,
    surface,
    answer: ChargeTried,
    errors: ['CHARGE_UNKNOWN', 'CHARGE_NOT_RETRYABLE'],
    example: {
      success: true,
      data: { ...chargeExample, status: 'succeeded', reason: null, attempts: 2, next_try_at: null },
    },
  },
} satisfies Record<string, Documentation>;
