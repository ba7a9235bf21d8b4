import type { CustomerView } from '@tollgate/contracts';

/** Which Stripe customer pays for which user. */
export type CustomerStore = {
  /** Creates the row if there is none. */
  find(
    userId: string,
    nowMs: number,
  ): Promise<{ readonly customerId: string | null; readonly paymentMethod: string | null }>;
  view(userId: string): Promise<CustomerView | null>;
  save(customer: CustomerView, nowMs: number): Promise<void>;
  /** Stores the payment method that Stripe attached, unless a newer one is known; answers whose it is. */
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
  /** The payment method of a user with this customer; null: none is known. */
  paymentMethodOf(customerId: string): Promise<string | null>;
};

/** Stripe's customers. Every call: @throws AppError('unavailable', STRIPE_UNAVAILABLE) */
export type StripeCustomers = {
  createCustomer(of: { readonly userId: string; readonly key: string }): Promise<string>;
  /** What it pays with, and whether Stripe takes that by default; null: there is no such customer. */
  customer(id: string): Promise<{ readonly paymentMethod: string | null; readonly byDefault: boolean } | null>;
  /** Invoices of the customer are paid with it from now on. @throws AppError('invalid', STRIPE_REFUSED) */
  payByDefault(of: { readonly customer: string; readonly paymentMethod: string }): Promise<void>;
  /** Ids of customers with exactly this address; none where Stripe is off. */
  withEmail(email: string): Promise<readonly string[]>;
  /** @throws AppError('invalid', STRIPE_REFUSED) */
  setEmail(customer: string, email: string): Promise<void>;
  /**
   * Attaches and makes it the default; answers its id, which a test method gets only now. @throws AppError('invalid',
   * STRIPE_REFUSED)
   */
  attach(of: { readonly customer: string; readonly paymentMethod: string }): Promise<string>;
};
