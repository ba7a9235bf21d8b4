import type { AutoTopUpView, LedgerQueries, TopUpQueries, TopUpView } from '@tollgate/contracts';

import type { CallOutcome, PaymentState } from '../../charges/domain/charge.ts';
import type { ToldRefund } from '../../refunds/app/refund-ports.ts';
import type { AutoTopUp, TopUp, TopUpChange } from '../domain/top-up.ts';

/** A wallet to look at, as it was when it was read. */
export type Watched = Pick<AutoTopUp, 'account' | 'below' | 'version'>;

/** Terms and purchases; each call is one transaction, with what subscribers hear of it. */
export type TopUpStore = {
  put(
    terms: Pick<
      AutoTopUp,
      | 'account'
      | 'userId'
      | 'below'
      | 'units'
      | 'amountMinor'
      | 'currency'
      | 'dayMaxMinor'
      | 'monthMaxMinor'
      | 'failuresMax'
    >,
    act: { readonly by: string; readonly address: string | null },
    nowMs: number,
  ): Promise<AutoTopUpView>;
  view(account: string, nowMs: number): Promise<AutoTopUpView | null>;
  views(
    page: { readonly after?: string; readonly limit: number },
    nowMs: number,
  ): ReturnType<TopUpQueries['autoTopUps']>;
  remove(
    account: string,
    act: { readonly by: string; readonly address: string | null },
    nowMs: number,
  ): Promise<AutoTopUpView | null>;
  resume(
    account: string,
    act: { readonly by: string; readonly address: string | null },
    nowMs: number,
  ): Promise<AutoTopUpView | null>;
  list(
    query: Parameters<TopUpQueries['topUps']>[0],
  ): Promise<{ readonly items: readonly TopUpView[]; readonly next: string | null }>;
  /** Wallets after this one (null: the first) that may buy now as far as their rows tell, and have no purchase open. */
  watched(after: string | null, limit: number, nowMs: number): Promise<readonly Watched[]>;
  /**
   * Begins a purchase for a wallet that was seen to have `available`, unless its row has changed since, or it may not
   * buy. What keeps it from buying (a ceiling, nobody to charge) is noted.
   */
  begin(seen: Watched & { readonly available: bigint }, id: string, nowMs: number): Promise<boolean>;
  /** Ids of open purchases that are due, longest waiting first. */
  due(nowMs: number, limit: number): Promise<readonly string[]>;
  /** Runs `work` while no other instance works on this purchase; false: another one does. */
  lock(id: string, work: (locked: LockedTopUp) => Promise<void>): Promise<boolean>;
  /**
   * Decides on the purchase as it is and keeps the change, with what it means for the wallet's terms; null from
   * `decide`, and an unknown id, change nothing. Answers whether anything changed.
   */
  record(id: string, decide: (topUp: TopUp) => TopUpChange | null, nowMs: number): Promise<boolean>;
  find(id: string): Promise<TopUp | null>;
};
export type LockedTopUp = {
  read(): Promise<TopUp>;
  record(decide: (topUp: TopUp) => TopUpChange | null, nowMs: number): Promise<boolean>;
};

/** What was paid back of purchases, at Stripe and by hand. */
export type TopUpRefunds = {
  /** Takes Stripe's refunds of a payment as they are now; how many are news. null: it is the payment of no purchase. */
  told(paymentIntent: string, refunds: readonly ToldRefund[], nowMs: number): Promise<number | null>;
};

/** Stripe's payments, as far as top-ups need them. */
export type TopUpPayments = {
  /** Whatever Stripe answers, or that it does not, is an outcome; it rejects only for defects of this code. */
  create(topUp: Pick<TopUp, 'id' | 'request'>): Promise<CallOutcome>;
  /** A payment that was refused can then be paid by nobody; its state after that. */
  cancel(paymentIntent: string): Promise<CallOutcome>;
  /** @throws AppError('unavailable', STRIPE_UNAVAILABLE) */
  retrieve(paymentIntent: string): Promise<PaymentState>;
  /** By listing the customer's payments; null: there is none. @throws AppError('unavailable', STRIPE_UNAVAILABLE) */
  find(topUp: Pick<TopUp, 'id' | 'request' | 'createdMs'>): Promise<PaymentState | null>;
};

/** Appends the grant of a purchase to the log; known by its id for ever, so that a second one changes nothing. */
export type GiveUnits = (topUp: Pick<TopUp, 'id' | 'account' | 'units'>) => Promise<void>;
export type TopUpLedger = Pick<LedgerQueries, 'account' | 'walletsBelow' | 'requestOutcomes'>;
