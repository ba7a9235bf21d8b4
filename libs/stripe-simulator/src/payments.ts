import type { CardOutcome } from './cards.ts';
import { methodOf, theCustomer } from './customers.ts';
import { invalid, missing, SimulatedFailure } from './failure.ts';
import { metadataOf, type Params, textOf } from './form.ts';
import { newId, type StoredObject, type Transaction } from './postgres/store.ts';

export async function createIntent(tx: Transaction, params: Params): Promise<StoredObject> {
  const amount = Number(textOf(params, 'amount'));
  if (!Number.isSafeInteger(amount) || amount <= 0)
    throw invalid('This value must be greater than or equal to 1.', {
      code: 'parameter_invalid_integer',
      param: 'amount',
    });
  const currency = textOf(params, 'currency');
  if (currency === undefined || !/^[a-z]{3}$/.test(currency))
    throw invalid('Missing required param: currency.', { code: 'parameter_missing', param: 'currency' });
  const customer = textOf(params, 'customer') ?? null;
  if (customer !== null) await theCustomer(tx, customer, 'customer');
  const intent: StoredObject = {
    id: newId('pi'),
    object: 'payment_intent',
    created: tx.nowS,
    livemode: false,
    amount,
    amount_received: 0,
    currency,
    customer,
    payment_method: null,
    status: 'requires_payment_method',
    last_payment_error: null,
    latest_charge: null,
    metadata: metadataOf(params),
    description: textOf(params, 'description') ?? null,
    canceled_at: null,
  };
  if (textOf(params, 'confirm') !== 'true') return tx.put(intent);
  return pay(tx, intent, params);
}

export async function confirmIntent(tx: Transaction, id: string, params: Params): Promise<StoredObject> {
  const intent = await theIntent(tx, id);
  if (intent['status'] === 'succeeded' || intent['status'] === 'canceled') throw unexpectedState(intent, 'confirm');
  return pay(tx, intent, params);
}

export async function cancelIntent(tx: Transaction, id: string): Promise<StoredObject> {
  const intent = await theIntent(tx, id);
  if (intent['status'] === 'succeeded' || intent['status'] === 'canceled') throw unexpectedState(intent, 'cancel');
  const cancelled = await tx.put({ ...intent, status: 'canceled', canceled_at: tx.nowS });
  await tx.emit({ type: 'payment_intent.canceled', object: cancelled });
  return cancelled;
}

export async function theIntent(tx: Transaction, id: string): Promise<StoredObject> {
  const intent = await tx.get('payment_intent', id);
  if (intent === null) throw missing('payment_intent', id, 'intent');
  return intent;
}

/** A refusal of the card keeps the PaymentIntent with the error, and is answered 402 with it. */
async function pay(tx: Transaction, intent: StoredObject, params: Params): Promise<StoredObject> {
  const methodId =
    textOf(params, 'payment_method') ??
    (typeof intent['payment_method'] === 'string' ? intent['payment_method'] : undefined);
  if (methodId === undefined)
    throw invalid("You cannot confirm this PaymentIntent because it's missing a payment method.", {
      code: 'parameter_missing',
      param: 'payment_method',
    });
  const { outcome } = await methodOf(tx, methodId, String(intent['customer']));
  if (outcome.ok) {
    const charge = await tx.put({
      id: newId('ch'),
      object: 'charge',
      created: tx.nowS,
      amount: intent['amount'],
      currency: intent['currency'],
      customer: intent['customer'],
      payment_intent: intent.id,
      status: 'succeeded',
      paid: true,
    });
    const paid = await tx.put({
      ...intent,
      payment_method: methodId,
      status: 'succeeded',
      amount_received: intent['amount'],
      last_payment_error: null,
      latest_charge: charge.id,
    });
    await tx.emit({ type: 'payment_intent.succeeded', object: paid });
    return paid;
  }
  const needsAction = outcome.code === 'authentication_required' && textOf(params, 'off_session') !== 'true';
  if (needsAction) {
    const waiting = await tx.put({ ...intent, payment_method: methodId, status: 'requires_action' });
    await tx.emit({ type: 'payment_intent.requires_action', object: waiting });
    return waiting;
  }
  const error = {
    type: 'card_error',
    code: outcome.code,
    decline_code: outcome.declineCode,
    message: messageOf(outcome),
  };
  const refused = await tx.put({
    ...intent,
    payment_method: null,
    status: 'requires_payment_method',
    last_payment_error: error,
  });
  await tx.emit({ type: 'payment_intent.payment_failed', object: refused });
  throw new KeptFailure(402, { ...error, payment_intent: refused });
}

/** A failure whose changes are kept. */
export class KeptFailure extends SimulatedFailure {}

const messageOf = (outcome: CardOutcome): string =>
  !outcome.ok && outcome.code === 'authentication_required'
    ? 'Your card was declined. This transaction requires authentication.'
    : 'Your card was declined.';

const unexpectedState = (intent: StoredObject, verb: string): SimulatedFailure =>
  invalid(`You cannot ${verb} this PaymentIntent because it has a status of ${String(intent['status'])}.`, {
    code: 'payment_intent_unexpected_state',
    payment_intent: intent,
  });

export async function createRefund(tx: Transaction, params: Params): Promise<StoredObject> {
  const intent = await theIntent(tx, textOf(params, 'payment_intent') ?? '');
  const refunded = Number(intent['amount_refunded'] ?? 0);
  const amount = Number(textOf(params, 'amount') ?? Number(intent['amount_received']) - refunded);
  if (!Number.isSafeInteger(amount) || amount <= 0 || amount + refunded > Number(intent['amount_received'])) {
    throw invalid('Refund amount is greater than what is left of the payment.', {
      code: 'charge_already_refunded',
      param: 'amount',
    });
  }
  await tx.put({ ...intent, amount_refunded: refunded + amount });
  const refund = await tx.put({
    id: newId('re'),
    object: 'refund',
    created: tx.nowS,
    amount,
    currency: intent['currency'],
    payment_intent: intent.id,
    customer: intent['customer'],
    status: 'succeeded',
    metadata: metadataOf(params),
  });
  await tx.emit({ type: 'refund.created', object: refund });
  return refund;
}
