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
  /** Connections for charges, refunds and top-ups under way: each holds one until it is done. */
  lockPool: token<Pool>('core.lock-pool'),
  eventLog: token<EventLog>('core.event-log'),
  ledger: token<BillingLedger>('core.ledger'),
  clock: token<Clock>('core.clock'),
  logger: token<Logger>('core.logger'),
  stripe: token<Stripe>('core.stripe'),
  /** A random number from 0 up to 1, to spread load; not for secrets. */
  jitter: token<() => number>('core.jitter'),
  report: token<Report>('core.report'),
  work: token<BackgroundWork<BillingWork>>('core.work'),
} as const;

/** Logs failures of some work: an outage as a warning, because it passes, anything else as an error. */
export type Report = (what: string) => (error: unknown) => void;

/** Charges worked on at once by one instance; besides, one refund and one top-up. */
export const chargesAtOnce = 4;
