import type { FeeView, MoneyQueries } from '@tollgate/contracts';

import type { StripeFacts } from '../../webhooks-in/domain/stripe-event.ts';

type InvoiceFacts = Extract<StripeFacts, { readonly about: 'invoice' }>;

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

/** A person's decision about a fee, kept for ever. */
export type FeeDecision = {
  readonly what: 'retried' | 'voided' | 'given_up';
  readonly by: string;
  readonly address: string | null;
  readonly reason: string | null;
};
export type FeeBooks = {
  find(invoice: string): Promise<FeeView | null>;
  list(query: Parameters<MoneyQueries['listFees']>[0]): ReturnType<MoneyQueries['listFees']>;
  decided(invoice: string, decision: FeeDecision, nowMs: number): Promise<void>;
};

/** Stripe's invoices of monthly fees. Every call: @throws AppError('unavailable', STRIPE_UNAVAILABLE) */
export type StripeFees = {
  /** Invoices of a customer's subscriptions of ours, or of one of them, oldest first, without drafts. */
  invoicesOf(of: {
    readonly customer: string;
    readonly subscription?: string;
  }): Promise<readonly { readonly id: string; readonly open: boolean; readonly facts: InvoiceFacts }[]>;
  /** An invoice of a subscription of ours as it is now; null: there is none. */
  invoice(id: string): Promise<InvoiceFacts | null>;
  /**
   * Ends an invoice that is due. `void`: as if it had never been asked for; `uncollectible`: given up, but a later
   * payment still settles it. @throws AppError('invalid', STRIPE_REFUSED)
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
