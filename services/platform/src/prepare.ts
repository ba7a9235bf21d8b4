import { billingSchema, financeSchema } from '@tollgate/billing';
import { gatewaySchema, publicViews } from '@tollgate/gateway';
import { ledgerSchema } from '@tollgate/ledger';
import { embeddedLogSchema, openKafkaLog } from '@tollgate/messaging';
import { optimizerSchema } from '@tollgate/optimizer';
import { migrate, roleUrl, type ServiceSchema } from '@tollgate/persistence';
import { quotaSchema } from '@tollgate/quota';
import { kafkaConnectionOf } from '@tollgate/service-kit';
import { stripeSimulatorSchema } from '@tollgate/stripe-simulator';

import type { Settings } from './config.ts';
import { topicSpecs } from './topics.ts';

export type PreparedDatabase = {
  /** What was applied, `<schema>/<migration>`. */
  readonly ran: readonly string[];
  /** The address for one service's role. */
  urlFor(schema: ServiceSchema): string;
};

/**
 * Brings the database to this version: every service's role and schema, the embedded log's where it is used, and the
 * views.
 */
export async function prepareDatabase(options: {
  readonly adminUrl: string;
  readonly passwordOf: (role: string) => string;
  readonly embeddedLog: boolean;
  /** Only where there is no Stripe. */
  readonly stripeSimulator?: boolean;
}): Promise<PreparedDatabase> {
  const { adminUrl, passwordOf, embeddedLog, stripeSimulator = false } = options;
  const services = [ledgerSchema, gatewaySchema, billingSchema, quotaSchema, optimizerSchema];
  // The documents' views read several services' tables, so they come last.
  const schemas = [
    ...(embeddedLog ? [embeddedLogSchema] : []),
    ...services,
    ...(stripeSimulator ? [stripeSimulatorSchema] : []),
    publicViews,
    financeSchema,
  ];
  const ran = await migrate({ adminUrl, schemas, rolePassword: passwordOf });
  return { ran, urlFor: ({ role }) => roleUrl(adminUrl, role, passwordOf(role)) };
}

/** Creates the topics that are missing on the brokers, with explicit settings. */
export async function prepareTopics(settings: Settings): Promise<void> {
  const log = await openKafkaLog(kafkaConnectionOf(settings, 'tollgate-migrate'));
  try {
    await log.createTopics(topicSpecs);
  } finally {
    await log.close();
  }
}
