import type { LedgerQueries } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import type { EventLog } from '@tollgate/messaging';
import { type BackgroundWork, type Logger, token } from '@tollgate/service-kit';
import type { Pool } from 'pg';
import type Stripe from 'stripe';

import type { Entities } from '../postgres/entities.ts';
import type { FourEyes } from '../refunds/domain/four-eyes.ts';
import type { StripeSettings } from '../stripe/stripe-client.ts';
import type { OutgoingOptions } from '../webhooks-out/outgoing-options.ts';

export type BillingOptions = {
  /** Of the role `tollgate_billing`, on a migrated database. */
  readonly databaseUrl: string;
  readonly eventLog: EventLog;
  readonly ledger: BillingLedger;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stripe: StripeSettings;
  /** Default: one approval is enough for a refund of any sum. */
  readonly fourEyes?: FourEyes;
  readonly webhooks: OutgoingOptions;
  /** How long a publication waits for the partitions; default 10 s. */
  readonly publishWaitMs?: number;
};
/** What billing asks the ledger. */
export type BillingLedger = Pick<
  LedgerQueries,
  'catalog' | 'bookedAfter' | 'crossings' | 'usage' | 'account' | 'walletsBelow' | 'requestOutcomes'
>;

/** What billing does by itself. */
export type BillingWork =
  | 'catalog-broadcast'
  | 'charges'
  | 'charges-held-back'
  | 'charge-events'
  | 'refunds'
  | 'fees'
  | 'fee-prices'
  | 'stripe-events'
  | 'reconciliations'
  | 'top-ups'
  | 'low-wallets'
  | 'webhook-feeds'
  | 'webhook-deliveries';

/** What every capability may use. */
export const CORE = {
  options: token<BillingOptions>('core.options'),
  pool: token<Pool>('core.pool'),
  entities: token<Entities>('core.entities'),
  /** Connections of charges and refunds that are being worked on: each keeps one while it lasts. */
  heldPool: token<Pool>('core.held-pool'),
  eventLog: token<EventLog>('core.event-log'),
  ledger: token<BillingLedger>('core.ledger'),
  clock: token<Clock>('core.clock'),
  logger: token<Logger>('core.logger'),
  stripe: token<Stripe>('core.stripe'),
  /** 0 up to 1. It only spreads load: no secret hangs on it. */
  jitter: token<() => number>('core.jitter'),
  report: token<Report>('core.report'),
  work: token<BackgroundWork<BillingWork>>('core.work'),
} as const;

/** Logs failures of a kind: a warning when it passes (an outage), else an error that somebody must look at. */
export type Report = (what: string) => (error: unknown) => void;

/** Charges worked on at once by one instance; besides, one refund and one top-up. */
export const chargesAtOnce = 4;
