import type { Documentation } from '../../http-kit/openapi/documented.ts';
import { AutoTopUp, autoTopUpExample, AutoTopUps, topUpExample, TopUps } from './top-up-shapes.ts';

/** What OpenAPI says of these routes. */
export const docs = {
  put: {
    summary: "Configures the automatic top-up of a wallet, paid by the customer's payment method at Stripe",
    auth: 'server key',
    status: 200,
    answer: AutoTopUp,
    asks: 'billing',
    example: autoTopUpExample,
    errors: ['ACCOUNT_UNKNOWN', 'ACCOUNT_KIND_CONFLICT', 'ACCOUNT_CLOSED', 'TOP_UP_PAYER_MISSING', 'STRIPE_OFF'],
    description:
      'When the balance less what is held is under `below`, `units` are bought for `amount_minor` of ' +
      '`currency`: one payment at a time, off-session. The units are a purchased grant. Within a calendar day ' +
      'and month (UTC) the ceilings are never exceeded. A refused payment is retried after 1, 6, then 24 hours; ' +
      'after `failures_max` refusals in a row nothing is tried until the top-up is resumed. Webhooks: ' +
      'topup.succeeded, topup.failed, topup.limited, topup.paused, topup.unresolved. The same terms again ' +
      'change nothing; other terms also resume it. Keys bound to an account cannot use this: it names who pays.',
  },
  one: {
    summary: 'The automatic top-up of a wallet and its status',
    auth: 'server key',
    status: 200,
    answer: AutoTopUp,
    asks: 'billing',
    example: autoTopUpExample,
    errors: ['TOP_UP_UNKNOWN'],
    description:
      'status: active; waiting (after a refusal, until next_try_at); limited (a ceiling, until next_try_at); paused ' +
      '(until somebody resumes it). day_minor and month_minor: what was taken in the present day and month.',
  },
  resume: {
    summary: 'Resumes the automatic top-up: the next purchase is made as soon as the wallet is low',
    auth: 'server key',
    status: 200,
    answer: AutoTopUp,
    asks: 'billing',
    example: autoTopUpExample,
    errors: ['TOP_UP_UNKNOWN'],
  },
  remove: {
    summary: 'Ends the automatic top-up; a purchase in progress is completed',
    auth: 'server key',
    status: 200,
    answer: AutoTopUp,
    asks: 'billing',
    example: autoTopUpExample,
    errors: ['TOP_UP_UNKNOWN'],
  },
  all: {
    summary: 'Wallets with automatic top-up, by account',
    auth: 'server key',
    status: 200,
    answer: AutoTopUps,
    asks: 'billing',
    example: { items: [autoTopUpExample], next: null },
  },
  list: {
    summary: 'Purchases of units for wallets, newest first',
    auth: 'server key',
    status: 200,
    answer: TopUps,
    asks: 'billing',
    example: { items: [topUpExample], next: null },
    description:
      'status: pending (to be charged, or its outcome is not known yet), processing (Stripe is at it), paid (the ' +
      'units are on their way), succeeded, failed (nothing was taken), unresolved (paid, and the units could not be ' +
      'given: refund it at Stripe, or grant by hand).',
  },
} satisfies Record<string, Documentation>;
