import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { DifferenceShown, PaymentAssigned } from './reconcile-answers.ts';

const surface = 'tier billing';

/** What OpenAPI says of these routes. */
export const docs = {
  acknowledge: {
    summary: 'Acknowledges a difference: until the given time it does not count, also in later comparisons',
    auth: 'admin',
    status: 200,
    surface,
    answer: DifferenceShown,
    errors: [[404, 'Difference not found', 'RESOURCE_UNKNOWN'], 'TIME_OUT_OF_RANGE'],
    description:
      'Valid while the difference stays the same: another amount is another difference. Needs the scope ' +
      'billing:approve.',
    example: {
      success: true,
      data: {
        number: '1',
        kind: 'payment_foreign',
        reference: 'pi_3P1',
        charge_id: null,
        payment_intent: 'pi_3P1',
        account: null,
        reason: "Stripe was paid 100.00 BRL by pi_3P1, which is no payment of this platform's and of no invoice",
        fix: null,
        proposal: 'find out what pi_3P1 was for',
        outcome: null,
        acknowledged: {
          by: 'ada@example.org (user 0f4c)',
          reason: 'a shop of ours, not metered',
          at: '2026-12-01T09:00:00.000Z',
          until: '2027-01-31T00:00:00.000Z',
        },
      },
    },
  },
  assign: {
    summary: 'Assigns a payment at Stripe that belongs to no charge to a customer',
    auth: 'admin',
    status: 200,
    surface,
    answer: PaymentAssigned,
    errors: [[404, 'Payment not found', 'RESOURCE_UNKNOWN'], 'PAYMENT_NOT_FOREIGN', 'STRIPE_UNAVAILABLE'],
    description:
      'From then on it is money on account of that customer, and no difference. A payment that is assigned ' +
      'already is answered unchanged. Needs the scope billing:approve.',
    example: {
      success: true,
      data: {
        payment_intent: 'pi_3P1',
        user_id: 'user-uuid',
        amount_minor: '10000',
        currency: 'BRL',
        paid_at: '2026-11-21T12:00:00.000Z',
        reason: 'bank transfer of invoice 118',
        by: 'ada@example.org (user 0f4c)',
        at: '2026-12-01T09:00:00.000Z',
      },
    },
  },
} satisfies Record<string, Documentation>;
