import { methodOf, theCustomer } from './customers.ts';
import { invalid, missing } from './failure.ts';
import { groupOf, listOf, metadataOf, type Params, textOf } from './form.ts';
import { KeptFailure } from './payments.ts';
import { newId, type StoredObject, type Transaction } from './store.ts';

/** An unpaid first invoice ends its subscription after 23 hours, as at Stripe. */
const incompleteMaxS = 23 * 3600;

export async function createProduct(tx: Transaction, params: Params): Promise<StoredObject> {
  const id = textOf(params, 'id') ?? newId('prod');
  if ((await tx.get('product', id)) !== null)
    throw invalid('Product already exists.', { code: 'resource_already_exists' });
  return tx.put({
    id,
    object: 'product',
    created: tx.nowS,
    active: true,
    name: textOf(params, 'name') ?? '',
    metadata: metadataOf(params),
  });
}

export async function createPrice(tx: Transaction, params: Params): Promise<StoredObject> {
  const product = textOf(params, 'product') ?? '';
  if ((await tx.get('product', product)) === null) throw missing('product', product, 'product');
  const lookupKey = textOf(params, 'lookup_key') ?? null;
  if (lookupKey !== null && (await pricesBy(tx, [lookupKey])).length > 0) {
    throw invalid(`A price (${lookupKey}) already uses that lookup key.`, { param: 'lookup_key' });
  }
  return tx.put({
    id: newId('price'),
    object: 'price',
    created: tx.nowS,
    active: true,
    type: 'recurring',
    product,
    currency: textOf(params, 'currency'),
    unit_amount: Number(textOf(params, 'unit_amount')),
    lookup_key: lookupKey,
    recurring: { interval: 'month', interval_count: 1 },
    metadata: metadataOf(params),
  });
}

export async function pricesBy(tx: Transaction, lookupKeys: readonly string[]): Promise<readonly StoredObject[]> {
  const found = await Promise.all(
    lookupKeys.map((key) => tx.list({ kind: 'price', where: { lookup_key: key }, limit: 10 })),
  );
  return found.flatMap(({ data }) => data);
}

/** The first invoice has the added items; the price is billed at the anchor and each month after it. No proration. */
export async function createSubscription(tx: Transaction, params: Params): Promise<StoredObject> {
  const customer = await theCustomer(tx, textOf(params, 'customer') ?? '', 'customer');
  const priceId = textOf(listOf(params, 'items')[0], 'price') ?? '';
  const price = await tx.get('price', priceId);
  if (price === null) throw missing('price', priceId, 'items[0][price]');
  const anchor = Number(textOf(params, 'billing_cycle_anchor') ?? tx.nowS);
  if (!(anchor >= tx.nowS))
    throw invalid('billing_cycle_anchor cannot be in the past.', { param: 'billing_cycle_anchor' });
  const method = textOf(params, 'default_payment_method') ?? defaultMethod(customer);
  if (method === null && textOf(params, 'payment_behavior') !== 'default_incomplete') {
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
    default_payment_method: method,
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

/** Another price of an item, without proration: the next invoice takes it. */
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

/** What happens to a subscription by itself when its time has come. */
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

type Item = { readonly current_period_end: number; readonly price: { readonly unit_amount: number } };

/** Items that wait for the next invoice. */
async function pendingItems(tx: Transaction, customer: string, currency: string): Promise<readonly StoredObject[]> {
  return (await tx.list({ kind: 'invoiceitem', customer, limit: 250, where: { invoice: null, currency } })).data;
}

/** An amount that the customer's next invoice has beside its own; a negative one lowers it. */
export async function createInvoiceItem(tx: Transaction, params: Params): Promise<StoredObject> {
  const customer = await theCustomer(tx, textOf(params, 'customer') ?? '', 'customer');
  const amount = Number(textOf(params, 'amount'));
  if (!Number.isSafeInteger(amount))
    throw invalid('Invalid integer', { code: 'parameter_invalid_integer', param: 'amount' });
  return tx.put({
    id: newId('ii'),
    object: 'invoiceitem',
    created: tx.nowS,
    date: tx.nowS,
    customer: customer.id,
    amount,
    currency: textOf(params, 'currency') ?? 'usd',
    description: textOf(params, 'description') ?? null,
    invoice: null,
    metadata: metadataOf(params),
    period: { start: tx.nowS, end: tx.nowS },
  });
}

/** An invoice, charged at once when there is something to charge. */
async function bill(
  tx: Transaction,
  subscription: StoredObject,
  of: {
    readonly amount: number;
    readonly period: { readonly start: number; readonly end: number };
    readonly reason: string;
  },
): Promise<StoredObject> {
  const customer = await theCustomer(tx, String(subscription['customer']));
  const method = (subscription['default_payment_method'] as string | null) ?? defaultMethod(customer);
  const currency = String(subscription['currency']);
  const items = await pendingItems(tx, customer.id, currency);
  const balance = Number(customer['balance'] ?? 0);
  const sum = items.reduce((total, item) => total + Number(item['amount']), of.amount) + balance;
  const due = Math.max(sum, 0);
  const ok = due === 0 || (method !== null && (await methodOf(tx, method, customer.id)).outcome.ok);
  const invoice = await tx.put({
    id: newId('in'),
    object: 'invoice',
    created: tx.nowS,
    livemode: false,
    customer: customer.id,
    currency: subscription['currency'],
    billing_reason: of.reason,
    status: ok ? 'paid' : 'open',
    amount_due: due,
    amount_paid: ok ? due : 0,
    starting_balance: balance,
    ending_balance: sum - due,
    attempted: method !== null,
    status_transitions: { paid_at: ok ? tx.nowS : null },
    period_start: of.reason === 'subscription_cycle' ? subscription.created : tx.nowS,
    period_end: tx.nowS,
    metadata: {},
    parent: {
      type: 'subscription_details',
      subscription_details: { subscription: subscription.id, metadata: subscription['metadata'] },
    },
    lines: {
      object: 'list',
      has_more: false,
      url: '/v1/invoices/lines',
      data: [
        { id: newId('il'), object: 'line_item', amount: of.amount, period: of.period, metadata: {} },
        ...items.map((item) => ({
          id: newId('il'),
          object: 'line_item',
          amount: item['amount'],
          period: item['period'],
          metadata: item['metadata'],
        })),
      ],
    },
  });
  for (const item of items) await tx.put({ ...item, invoice: invoice.id });
  if (sum - due !== balance) await tx.put({ ...customer, balance: sum - due });
  await tx.emit({
    type: ok ? 'invoice.paid' : method !== null ? 'invoice.payment_failed' : 'invoice.finalized',
    object: invoice,
  });
  return invoice;
}

/** As if it had never been asked for. */
export async function voidInvoice(tx: Transaction, id: string): Promise<StoredObject> {
  return endInvoice(tx, id, { status: 'void', type: 'invoice.voided' });
}

/** Given up; paying it later makes it paid. */
export async function markUncollectible(tx: Transaction, id: string): Promise<StoredObject> {
  return endInvoice(tx, id, { status: 'uncollectible', type: 'invoice.marked_uncollectible' });
}

async function endInvoice(
  tx: Transaction,
  id: string,
  to: { readonly status: string; readonly type: string },
): Promise<StoredObject> {
  const invoice = await tx.get('invoice', id);
  if (invoice === null) throw missing('invoice', id);
  if (invoice['status'] !== 'open' && invoice['status'] !== 'uncollectible')
    throw invalid(`This invoice is ${String(invoice['status'])}.`, { code: 'invoice_not_open' });
  const ended = await tx.put({ ...invoice, status: to.status });
  await tx.emit({ type: to.type, object: ended });
  return ended;
}

const defaultMethod = (customer: StoredObject): string | null =>
  (customer['invoice_settings'] as { readonly default_payment_method: string | null }).default_payment_method;

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

/** Pays an open invoice with what is named, else with what the customer has now. */
export async function payInvoice(tx: Transaction, id: string, params: Params): Promise<StoredObject> {
  const invoice = await tx.get('invoice', id);
  if (invoice === null) throw missing('invoice', id);
  if (invoice['status'] !== 'open' && invoice['status'] !== 'uncollectible')
    throw invalid('Invoice is already paid', { code: 'invoice_already_paid' });
  const customer = await theCustomer(tx, String(invoice['customer']));
  const method = textOf(params, 'payment_method') ?? defaultMethod(customer);
  if (method === null) throw invalid('There is no payment method that could pay this invoice.');
  const { outcome } = await methodOf(tx, method, customer.id);
  if (!outcome.ok) {
    await tx.emit({ type: 'invoice.payment_failed', object: await tx.put({ ...invoice, attempted: true }) });
    throw new KeptFailure(402, {
      type: 'card_error',
      code: outcome.code,
      decline_code: outcome.declineCode,
      message: 'Your card was declined.',
    });
  }
  const paid = await tx.put({
    ...invoice,
    status: 'paid',
    amount_paid: invoice['amount_due'],
    status_transitions: { paid_at: tx.nowS },
  });
  await tx.emit({ type: 'invoice.paid', object: paid });
  const parent = invoice['parent'] as { readonly subscription_details: { readonly subscription: string } };
  const subscription = await tx.get('subscription', parent.subscription_details.subscription);
  if (
    subscription !== null &&
    subscription['status'] !== 'canceled' &&
    subscription['status'] !== 'incomplete_expired'
  ) {
    const [item] = (subscription['items'] as { readonly data: readonly Item[] }).data;
    const active = await tx.put({ ...subscription, status: 'active' }, item?.current_period_end ?? null);
    await tx.emit({ type: 'customer.subscription.updated', object: active });
  }
  return paid;
}
