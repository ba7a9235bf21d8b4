import { z } from 'zod';

import type { BillingQueries } from './billing-queries.ts';
import type { ClosingQueries } from './closing-queries.ts';
import { act, count, decimal, limit, moment, nothing, numbered, type QueryContract, text } from './contract.ts';
import type { MoneyQueries } from './money-queries.ts';
import type { ReconcileQueries } from './reconcile-queries.ts';
import { catalogResources, type TokenCatalogQueries } from './token-catalog.ts';
import { type TopUpQueries, topUpStatuses } from './top-up-queries.ts';
import { type EndpointFields, webhookEventTypes, type WebhookQueries } from './webhook-queries.ts';

const key = text.exactOptional();
const after = text.exactOptional();
const user = text.exactOptional();
const catalog = z.enum(['rate-card', 'price-plan']);

const money: QueryContract<MoneyQueries> = {
  chargeStatuses: z.strictObject({
    ids: z.array(text),
    wait_ms: count.exactOptional(),
    remember: z.boolean().exactOptional(),
  }),
  listCharges: z.strictObject({
    user_id: user,
    status: z.enum(['pending', 'succeeded', 'requires_action', 'failed', 'cancelled']).exactOptional(),
    period: moment.exactOptional(),
    ...numbered,
  }),
  retryCharge: z.strictObject({ id: text, ...act }),
  listFees: z.strictObject({
    status: z.enum(['open', 'failed', 'paid', 'voided', 'uncollectible']).exactOptional(),
    user_id: user,
    ...numbered,
  }),
  retryFee: z.strictObject({ invoice: text, ...act }),
  writeOffFee: z.strictObject({ invoice: text, how: z.enum(['void', 'uncollectible']), reason: text, ...act }),
  listRefunds: z.strictObject({
    status: z
      .enum(['proposed', 'approved', 'processing', 'succeeded', 'failed', 'declined', 'withdrawn'])
      .exactOptional(),
    user_id: user,
    ...numbered,
  }),
  approveRefund: z.strictObject({ id: text, key, ...act }),
  declineRefund: z.strictObject({ id: text, reason: text, credit: z.enum(['apply', 'forfeit']), key, ...act }),
  periodMoney: z.strictObject({ user_id: text, from: moment, to: moment }),
  putCustomer: z.strictObject({
    user_id: text,
    customer_id: text.exactOptional(),
    email: text.exactOptional(),
    payment_method: text.exactOptional(),
  }),
  customer: z.strictObject({ user_id: text }),
  usersOfEmail: z.strictObject({ email: text }),
  usersOfCustomer: z.strictObject({ customer_id: text, after, limit }),
  createSubscription: z.strictObject({ customer_id: text, key }),
  stripeWebhook: z.strictObject({ payload: text, signature: text }),
};

const reconcile: QueryContract<ReconcileQueries> = {
  startReconciliation: z.strictObject({
    period: text.exactOptional(),
    fix: z.boolean().exactOptional(),
    fresh: z.boolean().exactOptional(),
    wait_ms: count.exactOptional(),
  }),
  reconciliation: z.strictObject({ id: text, after, limit }),
  acknowledgeDifference: z.strictObject({ run: text, number: text, reason: text, until: moment, ...act }),
  assignPayment: z.strictObject({ payment_intent: text, user_id: text, reason: text, ...act }),
};

const closing: QueryContract<ClosingQueries> = {
  closings: z.strictObject({ period: text.exactOptional() }),
  recordClosing: z.strictObject({
    period: text,
    type: z.enum(['closed', 'reopened']),
    as_of: moment.nullable(),
    figures: text.nullable(),
    hash: text.nullable(),
    reason: text.nullable(),
    ...act,
  }),
  closingBooked: z.strictObject({ period: text, number: count, entry: text }),
};

const resource = z.enum(catalogResources);
/** Members of a resource; those that are not given do not travel. */
const fields = z.record(text, z.union([text, z.number(), z.boolean(), z.null(), z.array(text)]));
const tokenCatalog: QueryContract<TokenCatalogQueries> = {
  tokenCatalog: z.strictObject({ known: text.exactOptional() }),
  listResources: z.strictObject({ resource, ...numbered }),
  readResource: z.strictObject({ resource, id: text }),
  createResource: z.strictObject({ resource, id: text.exactOptional(), fields, key }),
  changeResource: z.strictObject({ resource, id: text, fields }),
  removeResource: z.strictObject({ resource, id: text }),
};

const endpoint: { readonly [Name in keyof EndpointFields]: z.ZodType<EndpointFields[Name]> } = {
  url: text,
  events: z.array(z.enum(webhookEventTypes)),
  account_prefix: text.nullable(),
  balance_below: decimal.nullable(),
  thresholds: z.array(z.int()),
  description: text.nullable(),
  enabled: z.boolean(),
};
const optional = {
  events: z.exactOptional(endpoint.events),
  account_prefix: z.exactOptional(endpoint.account_prefix),
  balance_below: z.exactOptional(endpoint.balance_below),
  thresholds: z.exactOptional(endpoint.thresholds),
  description: z.exactOptional(endpoint.description),
  enabled: z.exactOptional(endpoint.enabled),
};
const status = z.enum(['pending', 'delivered', 'failed']).exactOptional();
const webhooks: QueryContract<WebhookQueries> = {
  createEndpoint: z.strictObject({ url: endpoint.url, ...optional }),
  listEndpoints: nothing,
  readEndpoint: z.strictObject({ id: text }),
  changeEndpoint: z.strictObject({
    id: text,
    fields: z.strictObject({ url: z.exactOptional(endpoint.url), ...optional }),
  }),
  rotateSecret: z.strictObject({ id: text, overlap_s: count.exactOptional() }),
  testEndpoint: z.strictObject({ id: text }),
  removeEndpoint: z.strictObject({ id: text }),
  listDeliveries: z.strictObject({ endpoint: text, status, after, limit }),
  replayDeliveries: z.strictObject({
    endpoint: text,
    delivery: text.exactOptional(),
    since: moment.exactOptional(),
    status,
  }),
};

const topUps: QueryContract<TopUpQueries> = {
  putAutoTopUp: z.strictObject({
    account: text,
    terms: z.strictObject({
      user_id: text,
      below: decimal,
      units: decimal,
      amount_minor: decimal,
      currency: text,
      day_max_minor: decimal,
      month_max_minor: decimal,
      failures_max: z.int().min(1),
    }),
    ...act,
  }),
  autoTopUp: z.strictObject({ account: text }),
  removeAutoTopUp: z.strictObject({ account: text, ...act }),
  resumeAutoTopUp: z.strictObject({ account: text, ...act }),
  autoTopUps: z.strictObject({ after, limit }),
  topUps: z.strictObject({
    account: text.exactOptional(),
    status: z.enum(topUpStatuses).exactOptional(),
    after,
    limit,
  }),
};

/** See `BillingQueries`, which says what each of them answers. */
export const billingContract: QueryContract<BillingQueries> = {
  publishCatalog: z.strictObject({
    catalog,
    name: text,
    content: z.unknown(),
    effective_from: moment.exactOptional(),
    key,
  }),
  listCatalog: z.strictObject({ catalog, name: text.exactOptional() }),
  ...tokenCatalog,
  ...money,
  ...webhooks,
  ...reconcile,
  ...closing,
  ...topUps,
};
