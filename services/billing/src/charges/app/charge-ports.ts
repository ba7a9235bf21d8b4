import type { ChargeStatusView, ChargeView, MoneyQueries } from '@tollgate/contracts';

import type { Attempt, CallOutcome, Charge, ChargeEvent, PaymentState } from '../domain/charge.ts';
import type { Payer } from '../domain/charging.ts';

/**
 * A crossing as the ledger published it, with its place among those of its partition (rule 25): a block was entered
 * first, left by a correction, or entered again (rule 18).
 */
export type Crossing = {
  readonly change: 'entered' | 'left' | 'regained';
  readonly partition: number;
  readonly partitionSeq: bigint;
  readonly account: string;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  readonly block: bigint;
  readonly plan: string;
  /** As the plan version in force at the period's start prices it (rule 17). */
  readonly billingTier: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly entry: string;
  /** null: not told. */
  readonly recordedMs: number | null;
};

/** A charge to be opened for a crossing. */
export type NewCharge = Pick<
  Charge,
  | 'id'
  | 'account'
  | 'userId'
  | 'periodStartMs'
  | 'periodEndMs'
  | 'block'
  | 'plan'
  | 'billingTier'
  | 'amountMinor'
  | 'currency'
  | 'crossedMs'
> & { readonly entry: string };

/** Charges, their attempts and their events; each call is one transaction. */
export type ChargeStore = {
  /**
   * Opens a charge unless the crossing is a repeat, or its block was opened before; one whose block was left or
   * regained learns of it, with all that follows. Answers whether anything changed.
   */
  take(crossing: Crossing, charge: NewCharge, nowMs: number): Promise<boolean>;
  /**
   * Opens the charge of a block whose crossing was lost on its way here, wherever the feed of crossings is. Answers
   * whether it did.
   */
  openMissing(charge: NewCharge, nowMs: number): Promise<boolean>;
  /** Ids of charges that are due, longest waiting first. */
  due(nowMs: number, limit: number): Promise<readonly string[]>;
  /** Only those that are pending and have no attempt without an answer. */
  dueUntried(nowMs: number, limit: number): Promise<readonly string[]>;
  /** Ids of pending charges that wait for this reason and are not scheduled. */
  heldBack(reason: string, limit: number): Promise<readonly string[]>;
  /**
   * Runs `work` while no other instance works on this charge; false: another one does. The lock ends with the
   * connection, so that a killed process blocks nobody.
   */
  lock(id: string, work: (locked: LockedCharge) => Promise<void>): Promise<boolean>;
  /**
   * Decides on the charge as it is and keeps the event with what follows from it (`consequence`); null from `decide`
   * changes nothing. Answers the charge after it.
   */
  record(id: string, decide: (charge: Charge) => ChargeEvent | null, nowMs: number): Promise<Charge | null>;
  byIds(ids: readonly string[]): Promise<readonly Charge[]>;
  /** Ids of a user's charges that are not ended. */
  openOf(userId: string): Promise<readonly string[]>;
  list(query: Parameters<MoneyQueries['listCharges']>[0]): ReturnType<MoneyQueries['listCharges']>;
  view(id: string): Promise<ChargeView | null>;
  /** Remembers the statuses that were shown first, and answers those that were. */
  remember(shown: readonly ChargeStatusView[]): Promise<readonly ChargeStatusView[]>;
  /** The statuses that were shown first; null unless all of these charges have one. */
  remembered(ids: readonly string[]): Promise<ReadonlyMap<string, ChargeStatusView['status']> | null>;
};

/** Events of charges that billing.charges.v1 does not have yet; one instance publishes at a time. */
export type ChargeOutbox = {
  /** Hands the oldest events to `append`, numbered a partition, and marks them when it resolves; answers how many. */
  publish(append: (messages: readonly ChargeMessage[]) => Promise<void>): Promise<number>;
};
export type ChargeMessage = {
  readonly partition: number;
  readonly account: string;
  /** As it is published. */
  readonly value: string;
};

export type LockedCharge = {
  read(): Promise<{ readonly charge: Charge; readonly payer: Payer; readonly last: Attempt | null }>;
  record(decide: (charge: Charge) => ChargeEvent | null, nowMs: number): Promise<Charge>;
};

/** Stripe's payments, as far as charges need them. */
export type Payments = {
  /** Whatever Stripe answers, or that it does not, is an outcome; it rejects only for defects of this code. */
  send(attempt: Attempt): Promise<CallOutcome>;
  /** @throws AppError('unavailable', STRIPE_UNAVAILABLE) */
  retrieve(paymentIntent: string): Promise<PaymentState>;
  /**
   * The payment of a charge's series among those of a customer, by listing: Stripe's search lags behind (rule 26).
   * null: there is none.
   * @throws AppError('unavailable', STRIPE_UNAVAILABLE)
   */
  find(of: {
    readonly customer: string;
    readonly chargeId: string;
    readonly series: number;
    readonly createdFromMs: number;
  }): Promise<PaymentState | null>;
};
