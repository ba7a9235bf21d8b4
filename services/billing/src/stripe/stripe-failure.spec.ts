import { describe, expect, it } from '@jest/globals';
import { AppError } from '@tollgate/kernel';
import Stripe from 'stripe';

import { stripePayments } from '../charges/stripe/stripe-payments.ts';
import { stripeCustomers } from '../customers/stripe/stripe-customers.ts';
import { stripeBooks } from '../reconciliation/stripe/stripe-books.ts';
import { stripeRefunds } from '../refunds/stripe/stripe-refunds.ts';
import { stripeFees } from '../subscriptions/stripe/stripe-fees.ts';
import { stripeSubscriptions } from '../subscriptions/stripe/stripe-subscriptions.ts';
import { webhookVerifier } from '../webhooks-in/stripe/stripe-webhook.ts';
import { outcomeOf, stripeTrouble } from './stripe-failure.ts';

/** A library whose shapes are not what this code reads: every call ends in a TypeError of our own. */
const changed = {} as Stripe;
const attempt = { number: 1, key: 'k', request: { amount: '1' }, startedMs: 0 };
const month = { period: '2026-11', moments: { startMs: 0, endMs: 1 }, starts: { startMs: 0, endMs: 1 } } as never;

describe('a mistake of our own around Stripe', () => {
  const [accounts, books, payments, refunds] = [
    { ...stripeCustomers(changed), ...stripeSubscriptions(changed), ...stripeFees(changed) },
    stripeBooks(changed),
    stripePayments(changed),
    stripeRefunds(changed),
  ];

  // Guarantee: an operator who reads "Stripe cannot be reached" looks at the network; the mistake would stay for ever.
  it.each<[string, () => Promise<unknown>]>([
    ['a payment', () => payments.send({ ...attempt, kind: 'create' })],
    ['a confirmation', () => payments.send({ ...attempt, kind: 'confirm' })],
    ['a cancellation', () => payments.send({ ...attempt, kind: 'cancel' })],
    ['a look-up', () => payments.retrieve('pi_1')],
    ['a search', () => payments.find({ customer: 'cus_1', chargeId: 'c', series: 0, createdFromMs: 0 })],
    ['a refund', () => refunds.send(attempt)],
    ['a list of refunds', () => refunds.ofPayment('pi_1')],
    ['a customer', () => accounts.customer('cus_1')],
    ['a new customer', () => accounts.createCustomer({ userId: 'u', key: 'k' })],
    ['a price', () => accounts.price({ amountMinor: 1n, currency: 'BRL' })],
    ['a subscription', () => accounts.createSubscription({ request: {}, key: 'k' })],
    ['open invoices', () => accounts.invoicesOf({ customer: 'cus_1', subscription: 'sub_1' })],
    ['the payment of an invoice', () => accounts.payInvoice({ invoice: 'in_1', paymentMethod: 'pm_1', key: 'k' })],
    ['a page of payments', () => books.payments(month, null)],
    ['a single payment', () => books.payment('pi_1')],
  ])('in %s is passed on as it is', async (_name, call) => {
    await expect(call()).rejects.toBeInstanceOf(TypeError);
  });

  it('in checking a webhook is no wrong signature', () => {
    const verify = webhookVerifier(changed, 'whsec_x', () => undefined);
    expect(() => verify({ payload: '{}', signature: 't=1,v1=0' })).toThrow(TypeError);
  });

  it('in reading a signed event is told, and the event is taken as one about nothing', () => {
    const payload = JSON.stringify({
      id: 'evt_1',
      type: 'payment_intent.succeeded',
      created: 1,
      data: { object: null },
    });
    const stripe = new Stripe('sk_test_x');
    const signature = stripe.webhooks.generateTestHeaderString({ payload, secret: 'whsec_x' });
    const told: unknown[] = [];
    expect(
      webhookVerifier(stripe, 'whsec_x', (error, event) => told.push([error, event]))({ payload, signature }).facts,
    ).toEqual({ about: 'nothing' });
    expect(told).toEqual([[expect.any(TypeError), { id: 'evt_1', type: 'payment_intent.succeeded' }]]);
  });
});

describe('a signature', () => {
  const stripe = new Stripe('sk_test_x');
  const payload = JSON.stringify({ id: 'evt_1', type: 'galaxy.created', created: 1, data: { object: {} } });
  const verify =
    (atS: number, more = '') =>
    () =>
      webhookVerifier(
        stripe,
        'whsec_x',
        () => undefined,
      )({
        payload,
        signature: `${header(atS)}${more}`,
      });
  const header = (timestamp: number): string =>
    stripe.webhooks.generateTestHeaderString({ payload, secret: 'whsec_x', timestamp });
  const nowS = (): number => Math.floor(Date.now() / 1000);

  // Guarantee: a message signed for next year cannot be sent again until next year.
  it('for a time to come is refused, whichever time of several it names; clocks may differ by seconds', () => {
    for (const ahead of [61 + 5, 3_600, 86_400 * 365]) expect(verify(nowS() + ahead)).toThrow('a future time');
    expect(() =>
      webhookVerifier(
        stripe,
        'whsec_x',
        () => undefined,
      )({
        payload,
        signature: `t=${nowS() + 3_600},${header(nowS())}`,
      }),
    ).toThrow('a future time');
    for (const ahead of [0, 30, -200]) expect(verify(nowS() + ahead)()).toMatchObject({ id: 'evt_1' });
    expect(verify(nowS() - 301)).toThrow('Invalid webhook signature');
  });
});

describe('what Stripe says', () => {
  const raw = { message: 'no', headers: {}, requestId: 'r' };

  it('is an outcome of a call, and something to wait for', () => {
    for (const [error, code] of [
      [new Stripe.errors.StripeConnectionError(raw as never), 'no_answer'],
      [new Stripe.errors.StripeAPIError(raw as never), 'stripe_failed'],
      [new Stripe.errors.StripeAuthenticationError(raw as never), 'api_key_refused'],
    ] as const) {
      expect(outcomeOf(error)).toEqual({ is: 'unanswered', code });
      expect(stripeTrouble(error)).toMatchObject({
        kind: 'unavailable',
        code: 'STRIPE_UNAVAILABLE',
        details: { stripe: code },
      });
    }
    expect(stripeTrouble(new AppError('invalid', 'STRIPE_REFUSED', 'no'))).toMatchObject({ code: 'STRIPE_REFUSED' });
  });
});
