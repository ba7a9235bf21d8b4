import { AppError } from '@tollgate/kernel';
import { amountFromStripe } from '@tollgate/pricing';
import Stripe from 'stripe';

import type { CallOutcome, PaymentState, Sum } from '../charges/domain/charge.ts';

/** Where a PaymentIntent stands, in our words. */
export function stateOf(intent: Stripe.PaymentIntent): PaymentState {
  const paymentIntent = intent.id;
  const sum = sumOf(intent, intent.status === 'succeeded');
  switch (intent.status) {
    case 'succeeded':
      return { is: 'succeeded', paymentIntent, sum, ...paidAt(intent) };
    case 'canceled':
      return { is: 'cancelled', paymentIntent };
    case 'requires_action':
      return { is: 'action_required', paymentIntent, code: 'requires_action', sum };
    case 'requires_payment_method':
    case 'requires_confirmation':
      return refused(
        intent,
        intent.last_payment_error?.decline_code ?? intent.last_payment_error?.code,
        intent.last_payment_error?.code,
      );
    default:
      return { is: 'processing', paymentIntent, sum };
  }
}

/** When the money was taken, where the charge came with its PaymentIntent (`expand`). */
export const paidAt = ({
  latest_charge: charge,
}: Pick<Stripe.PaymentIntent, 'latest_charge'>): { readonly paidMs?: number } =>
  typeof charge === 'object' && charge !== null ? { paidMs: charge.created * 1000 } : {};

/** What was received once it is paid, else what it is about. */
export function sumOf(intent: Stripe.PaymentIntent, paid: boolean): Sum {
  const currency = intent.currency.toUpperCase();
  return { amountMinor: amountFromStripe(BigInt(paid ? intent.amount_received : intent.amount), currency), currency };
}

function refused(intent: Stripe.PaymentIntent, reason: string | undefined, code: string | undefined): PaymentState {
  const is =
    code === 'authentication_required' || reason === 'authentication_required' ? 'action_required' : 'declined';
  return { is, paymentIntent: intent.id, code: reason ?? 'requires_payment_method', sum: sumOf(intent, false) };
}

/**
 * What a failed call means. A refusal that names its PaymentIntent is that one's state; another definite refusal made
 * nothing. Everything else (no connection, time-out, 5xx, 429, a key in use or used otherwise, a bad API key) may have
 * happened or may yet succeed: it is looked up and tried again.
 * @throws what is not Stripe's: a mistake of our own, which no waiting mends.
 */
export function outcomeOf(error: unknown): CallOutcome {
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  if (error.payment_intent !== undefined && isIntent(error.payment_intent)) {
    const state = stateOf(error.payment_intent);
    if (state.is !== 'declined' || error.type !== 'StripeCardError') return state;
    return refused(error.payment_intent, error.decline_code ?? error.code, error.code);
  }
  const definite = error.type === 'StripeCardError' || error.type === 'StripeInvalidRequestError';
  if (definite && error.code !== 'idempotency_key_in_use' && error.code !== 'lock_timeout') {
    return { is: 'rejected', code: error.decline_code ?? error.code ?? 'invalid_request' };
  }
  return { is: 'unanswered', code: error.code ?? codes[error.type] ?? 'no_answer' };
}

const codes: Readonly<Record<string, string>> = {
  StripeRateLimitError: 'rate_limited',
  StripeAPIError: 'stripe_failed',
  StripeConnectionError: 'no_answer',
  StripeAuthenticationError: 'api_key_refused',
  StripePermissionError: 'api_key_refused',
  StripeIdempotencyError: 'key_used_otherwise',
};

const isIntent = (value: unknown): value is Stripe.PaymentIntent =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as { id?: unknown }).id === 'string' &&
  typeof (value as { status?: unknown }).status === 'string';

/** Whether Stripe says that there is no such object. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Stripe.errors.StripeError && (error.code === 'resource_missing' || error.statusCode === 404);

/** A definite refusal of what was asked. */
export const isRefusal = (error: unknown): error is Stripe.errors.StripeError =>
  error instanceof Stripe.errors.StripeError &&
  (error.type === 'StripeInvalidRequestError' || error.type === 'StripeCardError');

/**
 * The error for callers: no answer of Stripe is something to wait for. Never with what Stripe wrote, which may name
 * people.
 * @throws what is not Stripe's, as it is.
 */
export function stripeTrouble(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const outcome = outcomeOf(error);
  const code = 'code' in outcome ? outcome.code : outcome.is;
  return new AppError('unavailable', 'STRIPE_UNAVAILABLE', 'Stripe cannot be reached', { stripe: code });
}
