import { attachMethod, createCustomer, theCustomer, updateCustomer } from './customers.ts';
import { missing, SimulatedFailure } from './failure.ts';
import { groupOf, type Params, textOf } from './form.ts';
import { createInvoiceItem, markUncollectible, payInvoice, voidInvoice } from './invoices.ts';
import { cancelIntent, confirmIntent, createIntent, createRefund, theIntent } from './payments.ts';
import type { StoredObject, Transaction } from './postgres/store.ts';
import { createPrice, createProduct, pricesBy } from './prices.ts';
import { cancelSubscription, createSubscription, updateSubscription } from './subscriptions.ts';

export type Call = { readonly method: string; readonly path: readonly string[]; readonly params: Params };

/** Answers a call of Stripe's API, as far as the platform makes it; anything else is 404 with Stripe's own words. */
export function route(tx: Transaction, { method, path, params }: Call): Promise<unknown> {
  const [resource = '', id, action] = path;
  if (method === 'POST') {
    const handler =
      id === undefined
        ? creators[resource]
        : action === undefined
          ? updaters[resource]
          : actions[`${resource}/${action}`];
    if (handler !== undefined) return handler(tx, params, id ?? '');
  }
  if (method === 'DELETE' && resource === 'subscriptions' && id !== undefined && action === undefined)
    return cancelSubscription(tx, id);
  if (method === 'GET' && resource === 'customers' && id !== undefined && action === 'payment_methods') {
    return theCustomer(tx, id).then(() => listOf(tx, 'payment_method', { ...params, customer: id }));
  }
  const kind = kinds[resource];
  if (method === 'GET' && resource === 'invoice_payments' && id === undefined) return noInvoicePayments();
  if (method === 'GET' && kind !== undefined && action === undefined) {
    if (id !== undefined) return one(tx, kind, id).then((found) => withCharge(tx, found, params));
    if (resource === 'prices') return pricesByKeys(tx, params);
    return listOf(tx, kind, params);
  }
  throw new SimulatedFailure(404, {
    type: 'invalid_request_error',
    message: `Unrecognized request URL (${method}: /v1/${path.join('/')}).`,
  });
}

type Handler = (tx: Transaction, params: Params, id: string) => Promise<StoredObject>;
const creators: Readonly<Record<string, Handler>> = {
  customers: createCustomer,
  payment_intents: createIntent,
  products: createProduct,
  prices: createPrice,
  subscriptions: createSubscription,
  refunds: createRefund,
  invoiceitems: createInvoiceItem,
};
const updaters: Readonly<Record<string, Handler>> = {
  customers: (tx, params, id) => updateCustomer(tx, id, params),
  subscriptions: (tx, params, id) => updateSubscription(tx, id, params),
};
const actions: Readonly<Record<string, Handler>> = {
  'payment_methods/attach': (tx, params, id) => attachMethod(tx, id, params),
  'payment_intents/confirm': (tx, params, id) => confirmIntent(tx, id, params),
  'payment_intents/cancel': (tx, _params, id) => cancelIntent(tx, id),
  'invoices/pay': (tx, params, id) => payInvoice(tx, id, params),
  'invoices/void': (tx, _params, id) => voidInvoice(tx, id),
  'invoices/mark_uncollectible': (tx, _params, id) => markUncollectible(tx, id),
};
const kinds: Readonly<Record<string, string>> = {
  customers: 'customer',
  payment_methods: 'payment_method',
  payment_intents: 'payment_intent',
  products: 'product',
  prices: 'price',
  subscriptions: 'subscription',
  invoices: 'invoice',
  refunds: 'refund',
  invoiceitems: 'invoiceitem',
};

async function one(tx: Transaction, kind: string, id: string): Promise<StoredObject> {
  if (kind === 'payment_intent') return theIntent(tx, id);
  const found = await tx.get(kind, id);
  if (found === null) throw missing(kind, id);
  return found;
}

async function listOf(tx: Transaction, kind: string, params: Params): Promise<unknown> {
  const created = groupOf(params, 'created');
  const status = textOf(params, 'status');
  const intent = textOf(params, 'payment_intent');
  const subscription = kind === 'invoice' ? textOf(params, 'subscription') : undefined;
  const email = kind === 'customer' ? textOf(params, 'email') : undefined;
  const { data, hasMore } = await tx.list({
    kind,
    customer: textOf(params, 'customer'),
    createdFromS: Number(textOf(created, 'gte') ?? 0),
    createdBeforeS: Number(textOf(created, 'lt') ?? Number.MAX_SAFE_INTEGER),
    after: textOf(params, 'starting_after'),
    limit: Math.min(Math.max(Number(textOf(params, 'limit') ?? 10), 1), 100),
    where: {
      ...(status === undefined || status === 'all' ? {} : { status }),
      ...(email === undefined ? {} : { email }),
      ...(intent === undefined ? {} : { payment_intent: intent }),
      ...(subscription === undefined ? {} : { parent: { subscription_details: { subscription } } }),
    },
  });
  return {
    object: 'list',
    url: `/v1/${kind}s`,
    has_more: hasMore,
    data: await Promise.all(data.map((each) => withCharge(tx, each, params))),
  };
}

/** A PaymentIntent with its charge in it, where `expand` asks for that. */
async function withCharge(tx: Transaction, found: StoredObject, params: Params): Promise<StoredObject> {
  const wanted = Object.values(groupOf(params, 'expand') ?? {}).some(
    (name) => name === 'latest_charge' || name === 'data.latest_charge',
  );
  const charge = found['latest_charge'];
  return wanted && typeof charge === 'string' ? { ...found, latest_charge: await tx.get('charge', charge) } : found;
}

/** The simulator pays invoices without PaymentIntents. */
const noInvoicePayments = (): Promise<unknown> =>
  Promise.resolve({ object: 'list', url: '/v1/invoice_payments', has_more: false, data: [] });

async function pricesByKeys(tx: Transaction, params: Params): Promise<unknown> {
  const keys = Object.values(groupOf(params, 'lookup_keys') ?? {}).filter(
    (key): key is string => typeof key === 'string',
  );
  if (keys.length === 0) return listOf(tx, 'price', params);
  return { object: 'list', url: '/v1/prices', has_more: false, data: await pricesBy(tx, keys) };
}
