import type { CustomerView, SubscriptionView } from '@tollgate/contracts';

import type { StripeEvent, StripeFacts, SubscriptionState } from '../../webhooks-in/domain/stripe-event.ts';

/** Who pays for whom. */
export type CustomerStore = {
  /** Makes the row when there is none. */
  find(
    userId: string,
    nowMs: number,
  ): Promise<{ readonly customerId: string | null; readonly paymentMethod: string | null }>;
  view(userId: string): Promise<CustomerView | null>;
  save(customer: CustomerView, nowMs: number): Promise<void>;
  /** Notes what Stripe attached, unless something newer is known; answers whose it is. */
  attached(of: {
    readonly customer: string;
    readonly paymentMethod: string;
    readonly atMs: number;
  }): Promise<readonly string[]>;
  /** Users for whom this customer pays, in the order of their ids. */
  usersOf(
    customerId: string,
    page?: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<readonly string[]>;
  /** What a user pays with that has this customer; null: nothing known. */
  paymentMethodOf(customerId: string): Promise<string | null>;
};

/** A subscription of ours, before and after Stripe has made it. */
export type SubscriptionRow = {
  readonly id: string;
  readonly subscriptionId: string | null;
  readonly request: Readonly<Record<string, unknown>>;
  readonly createdMs: number;
  readonly view: SubscriptionView | null;
};

/** A running subscription and the price that it has at Stripe for its next period. */
export type PricedSubscription = {
  readonly id: string;
  readonly subscriptionId: string;
  readonly customerId: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly plan: string | null;
  readonly version: number | null;
  /** When the period under way ends, and the next begins. */
  readonly periodEndMs: number;
};

export type SubscriptionStore = {
  /** Running ones after an id (null: the first), in the order of their ids. */
  running(after: string | null, limit: number): Promise<readonly PricedSubscription[]>;
  /** Running ones whose period ends before a moment. */
  endingBefore(ms: number, limit: number): Promise<readonly PricedSubscription[]>;
  /** Notes the price from the next period on, and the plan version that says it. */
  priced(
    id: string,
    price: { readonly plan: string; readonly version: number | null; readonly amountMinor: bigint },
    nowMs: number,
  ): Promise<void>;
  /** The one that runs for this customer, else a new one made of `draft`; whoever races, there is one. */
  begin(
    draft: {
      readonly id: string;
      readonly customerId: string;
      readonly amountMinor: bigint;
      readonly currency: string;
      readonly anchorMs: number;
      readonly plan: string;
      readonly version: number | null;
      readonly request: Readonly<Record<string, unknown>>;
    },
    nowMs: number,
  ): Promise<SubscriptionRow>;
  /** Applies what Stripe told at `toldMs`; older than what is known, it changes nothing. Answers the row's view. */
  told(
    state: SubscriptionState,
    at: { readonly toldMs: number; readonly nowMs: number },
  ): Promise<SubscriptionView | null>;
  /** Stripe refused to make it. */
  abandon(id: string, nowMs: number): Promise<void>;
  /** An invoice of a monthly fee; paid is final. */
  invoiceTold(invoice: Extract<StripeFacts, { readonly about: 'invoice' }>, toldMs: number): Promise<void>;
  /** Whether a fee was asked of a customer for a period that began in [fromMs, toMs), and not voided. */
  feeAsked(of: { readonly customerId: string; readonly fromMs: number; readonly toMs: number }): Promise<boolean>;
  /** First answer under a key; null: the key is new. */
  answer(of: { readonly customerId: string; readonly key: string }): Promise<SubscriptionView | null>;
  /** Keeps an answer as the first under a key, and answers which one is. */
  keepAnswer(of: {
    readonly customerId: string;
    readonly key: string;
    readonly answer: SubscriptionView;
  }): Promise<SubscriptionView>;
};

/** A subscription whose open invoices are to be tried with what its customer has now. */
export type UnpaidFee = {
  readonly id: string;
  readonly subscriptionId: string;
  readonly customerId: string;
  readonly attempts: number;
};
export type FeeStore = {
  /**
   * These users can pay now: their subscriptions are tried, once Stripe has made them. Answers whether there are any.
   */
  ask(userIds: readonly string[], nowMs: number): Promise<boolean>;
  due(nowMs: number, limit: number): Promise<readonly UnpaidFee[]>;
  /** null: it is done; what was asked for anew meanwhile stays. */
  settle(fee: UnpaidFee, nextMs: number | null): Promise<void>;
};

type InvoiceFacts = Extract<StripeFacts, { readonly about: 'invoice' }>;

/** Inbox of webhooks: each event once, by its id. */
export type Inbox = {
  /** False: it is known already. */
  keep(event: StripeEvent, nowMs: number): Promise<boolean>;
  /** Events not applied yet, oldest first. */
  open(limit: number): Promise<readonly (StripeEvent & { readonly receivedMs: number })[]>;
  close(id: string, outcome: string, nowMs: number): Promise<void>;
};

/** Stripe's customers, prices and subscriptions. Every call: @throws AppError('unavailable', STRIPE_UNAVAILABLE) */
export type StripeAccounts = {
  createCustomer(of: { readonly userId: string; readonly key: string }): Promise<string>;
  /** What it pays with by default; null: there is no such customer. */
  customer(id: string): Promise<{ readonly paymentMethod: string | null } | null>;
  /** @throws AppError('invalid', STRIPE_REFUSED) */
  setEmail(customer: string, email: string): Promise<void>;
  /**
   * Attaches and makes it the default; answers its id, which a test method gets only now. @throws AppError('invalid',
   * STRIPE_REFUSED)
   */
  attach(of: { readonly customer: string; readonly paymentMethod: string }): Promise<string>;
  /** Product and Price of a monthly fee, looked up or created once. */
  price(of: {
    readonly amountMinor: bigint;
    readonly currency: string;
  }): Promise<{ readonly product: string; readonly price: string }>;
  /** The price of a subscription from its next period on, without proration; one that has it is left as it is. */
  setPrice(of: { readonly subscription: string; readonly price: string; readonly key: string }): Promise<void>;
  /** @throws AppError('invalid', STRIPE_REFUSED): nothing was made. */
  createSubscription(of: {
    readonly request: Readonly<Record<string, unknown>>;
    readonly key: string;
  }): Promise<SubscriptionState>;
  /** The subscription made for our row, by listing; null: there is none. */
  findSubscription(of: { readonly customer: string; readonly ours: string }): Promise<SubscriptionState | null>;
  /** null: there is none, or it is not ours. */
  subscription(id: string): Promise<SubscriptionState | null>;
  /** Invoices of a customer's subscriptions of ours, or of one of them, oldest first, without drafts. */
  invoicesOf(of: {
    readonly customer: string;
    readonly subscription?: string;
  }): Promise<readonly { readonly id: string; readonly open: boolean; readonly facts: InvoiceFacts }[]>;
  /** An invoice of a subscription of ours as it is now; null: there is none. */
  invoice(id: string): Promise<InvoiceFacts | null>;
  /**
   * Ends what is due: `void` as if it had never been asked for, `uncollectible` given up, which a later payment still
   * settles. @throws AppError('invalid', STRIPE_REFUSED)
   */
  writeOffInvoice(of: {
    readonly invoice: string;
    readonly how: 'void' | 'uncollectible';
    readonly key: string;
  }): Promise<InvoiceFacts | null>;
  /** null: refused. A repeat takes no more money. */
  payInvoice(of: {
    readonly invoice: string;
    readonly paymentMethod: string;
    readonly key: string;
  }): Promise<InvoiceFacts | null>;
};

/** @throws AppError('invalid', SIGNATURE_INVALID) */
export type VerifyWebhook = (webhook: { readonly payload: string; readonly signature: string }) => StripeEvent;
