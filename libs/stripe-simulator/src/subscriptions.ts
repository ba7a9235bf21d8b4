import { theCustomer } from './customers.ts';
import { invalid, missing } from './failure.ts';
import { groupOf, listOf, metadataOf, type Params, textOf } from './form.ts';
import { bill, defaultMethod, type Item, voidInvoice } from './invoices.ts';
import { newId, type StoredObject, type Transaction } from './postgres/store.ts';

/** An unpaid first invoice ends its subscription after 23 hours, as at Stripe. */
const incompleteMaxS = 23 * 3600;

/** The first invoice has the added items; the price is billed at the anchor and each month after it. No proration. */
export async function createSubscription(tx: Transaction, params: Params): Promise<StoredObject> {
  const customer = await theCustomer(tx, textOf(params, 'customer') ?? '', 'customer');
  const priceId = textOf(listOf(params, 'items')[0], 'price') ?? '';
  const price = await tx.get('price', priceId);
  if (price === null) throw missing('price', priceId, 'items[0][price]');
  const anchor = Number(textOf(params, 'billing_cycle_anchor') ?? tx.nowS);
  if (!(anchor >= tx.nowS))
    throw invalid('billing_cycle_anchor cannot be in the past.', { param: 'billing_cycle_anchor' });
  const ownMethod = textOf(params, 'default_payment_method') ?? null;
  if (
    ownMethod === null &&
    defaultMethod(customer) === null &&
    textOf(params, 'payment_behavior') !== 'default_incomplete'
  ) {
    throw invalid('This customer has no attached payment source or default payment method.', {
      code: 'resource_missing',
    });
  }
  const amount = listOf(params, 'add_invoice_items').reduce(
    (sum, item) => sum + Number(textOf(groupOf(item, 'price_data'), 'unit_amount') ?? 0),
    0,
  );
  const id = newId('sub');
  const item = {
    id: newId('si'),
    object: 'subscription_item',
    price,
    quantity: 1,
    current_period_start: tx.nowS,
    current_period_end: anchor,
  };
  const draft: StoredObject = {
    id,
    object: 'subscription',
    created: tx.nowS,
    livemode: false,
    customer: customer.id,
    currency: price['currency'],
    status: 'incomplete',
    billing_cycle_anchor: anchor,
    collection_method: 'charge_automatically',
    default_payment_method: ownMethod,
    metadata: metadataOf(params),
    items: { object: 'list', data: [item], has_more: false, url: '/v1/subscription_items' },
    latest_invoice: null,
  };
  const period = { start: tx.nowS, end: tx.nowS };
  const invoice = await bill(tx, draft, { amount, period, reason: 'subscription_create' });
  const subscription = {
    ...draft,
    status: invoice['status'] === 'paid' ? 'active' : 'incomplete',
    latest_invoice: invoice.id,
  };
  await tx.put(subscription, subscription.status === 'active' ? anchor : tx.nowS + incompleteMaxS);
  await tx.emit({ type: 'customer.subscription.created', object: subscription });
  return subscription;
}

/** Changes the price of an item without proration; the next invoice uses it. */
export async function updateSubscription(tx: Transaction, id: string, params: Params): Promise<StoredObject> {
  const subscription = await tx.get('subscription', id);
  if (subscription === null) throw missing('subscription', id);
  const [given] = listOf(params, 'items');
  if (given === undefined) return subscription;
  const items = subscription['items'] as { readonly data: readonly (Item & { readonly id: string })[] };
  const priceId = textOf(given, 'price') ?? '';
  const price = await tx.get('price', priceId);
  if (price === null) throw missing('price', priceId, 'items[0][price]');
  if (textOf(params, 'proration_behavior') !== 'none')
    throw invalid('Only proration_behavior=none is simulated.', { param: 'proration_behavior' });
  if (price['currency'] !== subscription['currency'])
    throw invalid('The price specified only supports another currency.', { param: 'items[0][price]' });
  const data = items.data.map((item) => (item.id === textOf(given, 'id') ? { ...item, price } : item));
  const updated = await tx.put(
    { ...subscription, items: { ...items, data } },
    items.data[0]?.current_period_end ?? null,
  );
  await tx.emit({ type: 'customer.subscription.updated', object: updated });
  return updated;
}

export async function cancelSubscription(tx: Transaction, id: string): Promise<StoredObject> {
  const subscription = await tx.get('subscription', id);
  if (subscription === null) throw missing('subscription', id);
  const cancelled = await tx.put({ ...subscription, status: 'canceled', canceled_at: tx.nowS, ended_at: tx.nowS });
  await tx.emit({ type: 'customer.subscription.deleted', object: cancelled });
  return cancelled;
}

/** Renews a subscription that is due, or expires one whose first invoice was never paid. */
export async function onDue(tx: Transaction, subscription: StoredObject): Promise<void> {
  if (subscription['status'] === 'incomplete') {
    const invoice = await tx.get('invoice', String(subscription['latest_invoice']));
    if (invoice !== null && invoice['status'] === 'open') await voidInvoice(tx, invoice.id);
    const expired = await tx.put({ ...subscription, status: 'incomplete_expired', ended_at: tx.nowS });
    return tx.emit({ type: 'customer.subscription.updated', object: expired });
  }
  const [item] = (subscription['items'] as { readonly data: readonly Item[] }).data;
  if (item === undefined || (subscription['status'] !== 'active' && subscription['status'] !== 'past_due')) {
    await tx.put(subscription);
    return;
  }
  const period = { start: item.current_period_end, end: monthAfter(item.current_period_end) };
  const invoice = await bill(tx, subscription, {
    amount: item.price.unit_amount,
    period,
    reason: 'subscription_cycle',
  });
  const next = { ...item, current_period_start: period.start, current_period_end: period.end };
  const renewed: StoredObject = {
    ...subscription,
    status: invoice['status'] === 'paid' ? 'active' : 'past_due',
    latest_invoice: invoice.id,
    items: { ...(subscription['items'] as object), data: [next] },
  };
  await tx.put(renewed, period.end);
  await tx.emit({ type: 'customer.subscription.updated', object: renewed });
}

function monthAfter(seconds: number): number {
  const at = new Date(seconds * 1000);
  return (
    Date.UTC(
      at.getUTCFullYear(),
      at.getUTCMonth() + 1,
      at.getUTCDate(),
      at.getUTCHours(),
      at.getUTCMinutes(),
      at.getUTCSeconds(),
    ) / 1000
  );
}
