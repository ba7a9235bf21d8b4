import type { CardOutcome } from './cards.ts';
import { testMethod } from './cards.ts';
import { invalid, missing } from './failure.ts';
import { groupOf, metadataOf, type Params, textOf } from './form.ts';
import { newId, type StoredObject, type Transaction } from './postgres/store.ts';

export async function createCustomer(tx: Transaction, params: Params): Promise<StoredObject> {
  return tx.put({
    id: newId('cus'),
    object: 'customer',
    created: tx.nowS,
    livemode: false,
    email: textOf(params, 'email') ?? null,
    metadata: metadataOf(params),
    invoice_settings: {
      default_payment_method: textOf(groupOf(params, 'invoice_settings'), 'default_payment_method') ?? null,
    },
  });
}

export async function updateCustomer(tx: Transaction, id: string, params: Params): Promise<StoredObject> {
  const customer = await theCustomer(tx, id);
  const method = textOf(groupOf(params, 'invoice_settings'), 'default_payment_method');
  if (method !== undefined) await methodOf(tx, method, id);
  const email = textOf(params, 'email');
  if (email !== undefined && !email.includes('@'))
    throw invalid(`Invalid email address: ${email}`, { code: 'email_invalid', param: 'email' });
  return tx.put({
    ...customer,
    ...(email === undefined ? {} : { email }),
    ...(method === undefined ? {} : { invoice_settings: { default_payment_method: method } }),
    metadata: { ...(customer['metadata'] as object), ...metadataOf(params) },
  });
}

export async function theCustomer(tx: Transaction, id: string, param = 'id'): Promise<StoredObject> {
  const customer = await tx.get('customer', id);
  if (customer === null) throw missing('customer', id, param);
  return customer;
}

/**
 * Attaching a test method creates a method that belongs to the customer; one that is attached already stays as it is.
 */
export async function attachMethod(tx: Transaction, id: string, params: Params): Promise<StoredObject> {
  const customer = (await theCustomer(tx, textOf(params, 'customer') ?? '', 'customer')).id;
  const known = await tx.get('payment_method', id);
  if (known !== null) {
    if (known['customer'] !== customer)
      throw invalid('The payment method you provided has already been attached to a customer.');
    return known;
  }
  const outcome = testMethod(id);
  if (outcome === null) throw missing('PaymentMethod', id);
  const method = await tx.put({
    id: newId('pm'),
    object: 'payment_method',
    created: tx.nowS,
    livemode: false,
    type: 'card',
    customer,
    metadata: {},
    card: { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2034 },
    simulated_outcome: outcome,
  });
  await tx.emit({ type: 'payment_method.attached', object: method });
  return method;
}

/** A method that is attached to this customer. */
export async function methodOf(
  tx: Transaction,
  id: string,
  customer: string,
): Promise<{ readonly id: string; readonly outcome: CardOutcome }> {
  const method = await tx.get('payment_method', id);
  if (method === null || method['customer'] !== customer) throw missing('PaymentMethod', id, 'payment_method');
  return { id, outcome: method['simulated_outcome'] as CardOutcome };
}
