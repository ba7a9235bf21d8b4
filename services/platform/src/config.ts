import {
  ConfigError, kafkaSettings, logLevelSetting, parseConfig, portSetting, postgresUrlSetting, serviceSecretSetting,
} from '@tollgate/service-kit';
import { z } from 'zod';

/** HS256 wants a key as long as its hash. */
const jwtSecret = z.string().min(32, 'is shorter than 32 characters');
const key = z.string().min(16, 'is shorter than 16 characters');

const settings = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: portSetting.default(3000),
  DATA_DIR: z.string().default('.tollgate'),
  DATABASE_URL: postgresUrlSetting.optional(),
  ...kafkaSettings,
  KAFKA_BROKERS: kafkaSettings.KAFKA_BROKERS.optional(),
  JWT_SECRET: jwtSecret.optional(),
  JWT_JWKS_URL: z.url('is not an address').optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  SERVER_API_KEY: key.optional(),
  ADMIN_EMAIL: z.string().default('admin@localhost'),
  ADMIN_PASSWORD: z.string().min(8, 'is shorter than 8 characters').optional(),
  OPTIMIZE_ADMIN_TOKEN: key.optional(),
  SERVICE_SECRET: serviceSecretSetting.optional(),
  LOG_LEVEL: logLevelSetting,
  TEST_CLOCK: z.enum(['0', '1'], 'is neither 0 nor 1').optional(),
  ANSWER_WAIT_MS: z.coerce.number().int().min(1).max(600_000).default(5_000),
});
export type Settings = z.output<typeof settings>;

/** How this process runs. `distributed`: on a given Kafka and PostgreSQL, with nothing generated and nothing simulated. */
export type PlatformConfig = { readonly mode: 'embedded' | 'distributed'; readonly settings: Settings };

const mayComeAsFile = [
  'DATABASE_URL', 'KAFKA_SASL_PASSWORD', 'KAFKA_SSL_CA', 'JWT_SECRET', 'SERVER_API_KEY', 'ADMIN_PASSWORD', 'OPTIMIZE_ADMIN_TOKEN', 'SERVICE_SECRET',
] as const;
const neededWhenDistributed = ['DATABASE_URL', 'KAFKA_BROKERS', 'JWT_SECRET', 'SERVER_API_KEY', 'ADMIN_PASSWORD', 'SERVICE_SECRET'] as const;

/** Distributed: NODE_ENV=production or KAFKA_BROKERS set (running.md §2). */
export const isDistributed = (env: NodeJS.ProcessEnv): boolean => env['NODE_ENV'] === 'production' || Boolean(env['KAFKA_BROKERS']);

/**
 * `needed`: what must be set in distributed mode; a tool needs less than the platform.
 * @throws ConfigError with every problem at once.
 */
export function readConfig(env: NodeJS.ProcessEnv, needed: readonly (keyof Settings)[] = neededWhenDistributed): PlatformConfig {
  const mode = isDistributed(env) ? 'distributed' : 'embedded';
  const schema = mode === 'embedded' ? settings : settings.superRefine((values, context) => {
    for (const name of needed) {
      if (values[name] === undefined) context.addIssue({ code: 'custom', path: [name], message: 'is missing: in distributed mode nothing is generated' });
    }
    if (values.TEST_CLOCK === '1') context.addIssue({ code: 'custom', path: ['TEST_CLOCK'], message: 'the test clock exists in embedded mode only' });
  });
  return { mode, settings: parseConfig(schema, { env, secrets: mayComeAsFile }) };
}

/** For what was checked before and cannot be missing any more. */
export function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new ConfigError([`${name}: is missing`]);
  return value;
}
