import { methodOf, theCustomer } from './customers.ts';
import { invalid, missing } from './failure.ts';
import { metadataOf, type Params, textOf } from './form.ts';
import { KeptFailure } from './payments.ts';
import { newId, type StoredObject, type Transaction } from './postgres/store.ts';

/** What is paid for in a subscription's period. */
export type Item = { readonly current_period_end: number; readonly price: { readonly unit_amount: number } };

/** Items that wait for the next invoice. */
async function pendingItems(tx: Transaction, customer: string, currency: string): Promise<readonly StoredObject[]> {
  return (await tx.list({ kind: 'invoiceitem', customer, limit: 250, where: { invoice: null, currency } })).data;
}

/** An extra amount on the customer's next invoice; a negative one lowers it. */
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
export async function bill(
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

/** The invoice counts as never issued. */
export async function voidInvoice(tx: Transaction, id: string): Promise<StoredObject> {
  return endInvoice(tx, id, { status: 'void', type: 'invoice.voided' });
}

/** The invoice is written off; paying it later still settles it. */
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

export const defaultMethod = (customer: StoredObject): string | null =>
  (customer['invoice_settings'] as { readonly default_payment_method: string | null }).default_payment_method;

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
