import { z } from 'zod';

import { type Address, parseAddress, parseAddresses } from './address.ts';

/** Settings that several services share, by the variables' names (running.md §2). */
export const logLevelSetting = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info');
export const portSetting = z.coerce.number().int().min(0).max(65_535);

/** `host:port`. */
export const addressSetting = z.string().transform((text, context): Address => {
  const address = parseAddress(text);
  if (address !== null) return address;
  context.addIssue({ code: 'custom', message: 'is not host:port' });
  return z.NEVER;
});

/** `host:port,host:port,…` */
export const addressesSetting = z.string().transform((text, context): readonly Address[] => {
  const addresses = parseAddresses(text);
  if (addresses !== null) return addresses;
  context.addIssue({ code: 'custom', message: 'is not a list of host:port, separated by commas' });
  return z.NEVER;
});

export const postgresUrlSetting = z.string().regex(/^postgres(ql)?:\/\//, 'is not a postgres:// address');
/** Too short to guess is too short to sign with. */
export const serviceSecretSetting = z.string().min(16, 'is shorter than 16 characters');

/** The brokers and how to reach them. */
export const kafkaSettings = {
  KAFKA_BROKERS: z.string().transform((text) => text.split(',').map((broker) => broker.trim())),
  /** PEM of the authority, or `system` for the machine's own. */
  KAFKA_SSL_CA: z.string().optional(),
  KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
  KAFKA_SASL_USERNAME: z.string().optional(),
  KAFKA_SASL_PASSWORD: z.string().optional(),
};

type KafkaSettings = {
  readonly [Name in keyof typeof kafkaSettings]?: z.output<(typeof kafkaSettings)[Name]> | undefined;
};

/** The settings in the shape the log's Kafka adapter takes them. */
export const kafkaConnectionOf = (
  settings: KafkaSettings,
  clientId: string,
): {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly sslCa?: string;
  readonly saslMechanism?: string;
  readonly saslUsername?: string;
  readonly saslPassword?: string;
} => ({
  brokers: settings.KAFKA_BROKERS ?? [],
  clientId,
  ...(settings.KAFKA_SSL_CA === undefined ? {} : { sslCa: settings.KAFKA_SSL_CA }),
  ...(settings.KAFKA_SASL_MECHANISM === undefined ? {} : { saslMechanism: settings.KAFKA_SASL_MECHANISM }),
  ...(settings.KAFKA_SASL_USERNAME === undefined ? {} : { saslUsername: settings.KAFKA_SASL_USERNAME }),
  ...(settings.KAFKA_SASL_PASSWORD === undefined ? {} : { saslPassword: settings.KAFKA_SASL_PASSWORD }),
});

/** What every service needs that runs as a process of its own; nothing here has a generated default. */
export const distributedSettings = {
  ...kafkaSettings,
  HOST: z.string().default('127.0.0.1'),
  HEALTH_PORT: portSetting,
  DATABASE_URL: postgresUrlSetting,
  /** Of the service's own database role; unset: as the address says, or derived from SERVICE_SECRET. */
  DATABASE_PASSWORD: z.string().min(16, 'is shorter than 16 characters').optional(),
  SERVICE_SECRET: serviceSecretSetting,
  LOG_LEVEL: logLevelSetting,
  TEST_CLOCK: z.undefined('the test clock exists in embedded mode only').optional(),
};

/** Those of them that may come as `X_FILE`. */
export const distributedSecrets = [
  'DATABASE_URL',
  'DATABASE_PASSWORD',
  'SERVICE_SECRET',
  'KAFKA_SASL_PASSWORD',
  'KAFKA_SSL_CA',
] as const;
