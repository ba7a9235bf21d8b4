import { outgoingSecrets, outgoingSettings, stripeOffFault, stripeSecrets, stripeSettings } from '@tollgate/billing';
import { gatewaySecretSettings, gatewaySettings, outsideFault } from '@tollgate/gateway';
import { optimizerSettings } from '@tollgate/optimizer';
import { providerSecrets, providerSettings } from '@tollgate/quota';
import {
  ConfigError,
  kafkaSettings,
  logLevelSetting,
  parseConfig,
  portSetting,
  postgresUrlSetting,
  serviceSecretSetting,
} from '@tollgate/service-kit';
import { z } from 'zod';

const settings = z.object({
  ...gatewaySettings,
  ...providerSettings,
  DATA_DIR: z.string().default('.tollgate'),
  DATABASE_URL: postgresUrlSetting.optional(),
  /** A folder with the passwords of the database roles, a file each; unset: derived from SERVICE_SECRET. */
  DATABASE_PASSWORDS_DIR: z.string().min(1).optional(),
  ...kafkaSettings,
  KAFKA_BROKERS: kafkaSettings.KAFKA_BROKERS.optional(),
  /** Distributed: readiness by part and figures, which the public port does not show. */
  HEALTH_PORT: portSetting.optional(),
  JWT_SECRET: gatewaySecretSettings.JWT_SECRET.optional(),
  SERVER_API_KEY: gatewaySecretSettings.SERVER_API_KEY.optional(),
  ADMIN_PASSWORD: gatewaySecretSettings.ADMIN_PASSWORD.optional(),
  OPTIMIZE_ADMIN_TOKEN: gatewaySecretSettings.OPTIMIZE_ADMIN_TOKEN.optional(),
  SERVICE_SECRET: serviceSecretSetting.optional(),
  /** Where the optimizer's files lie; default: in the data folder. */
  OPTIMIZER_DIR: z.string().min(1).optional(),
  ...optimizerSettings,
  ...outgoingSettings,
  STRIPE: stripeSettings.STRIPE,
  STRIPE_SECRET_KEY: stripeSettings.STRIPE_SECRET_KEY.optional(),
  STRIPE_WEBHOOK_SECRET: stripeSettings.STRIPE_WEBHOOK_SECRET.optional(),
  STRIPE_API_BASE: stripeSettings.STRIPE_API_BASE,
  STRIPE_TIMEOUT_MS: stripeSettings.STRIPE_TIMEOUT_MS,
  FOUR_EYES_ABOVE: stripeSettings.FOUR_EYES_ABOVE,
  LOG_LEVEL: logLevelSetting,
  TEST_CLOCK: z.enum(['0', '1'], 'is neither 0 nor 1').optional(),
});
export type Settings = z.output<typeof settings>;

/**
 * How this process runs. `distributed`: on a given Kafka and PostgreSQL, with nothing generated and nothing simulated.
 */
export type PlatformConfig = { readonly mode: 'embedded' | 'distributed'; readonly settings: Settings };

const mayComeAsFile = [
  'DATABASE_URL',
  'KAFKA_SASL_PASSWORD',
  'KAFKA_SSL_CA',
  'JWT_SECRET',
  'SERVER_API_KEY',
  'ADMIN_PASSWORD',
  'OPTIMIZE_ADMIN_TOKEN',
  'SERVICE_SECRET',
  ...providerSecrets,
  ...stripeSecrets,
  ...outgoingSecrets,
] as const;
const neededWhenDistributed = [
  'DATABASE_URL',
  'KAFKA_BROKERS',
  'JWT_SECRET',
  'SERVER_API_KEY',
  'ADMIN_PASSWORD',
  'OPTIMIZE_ADMIN_TOKEN',
  'SERVICE_SECRET',
  'WORKFLOW_URL',
  'REVIEW_URL',
  'STRIPE_SECRET_KEY',
  'STRIPE_WEBHOOK_SECRET',
] as const;

/** Distributed: NODE_ENV=production or KAFKA_BROKERS set (running.md §2). */
export const isDistributed = (env: NodeJS.ProcessEnv): boolean =>
  env['NODE_ENV'] === 'production' || Boolean(env['KAFKA_BROKERS']);

/**
 * `needed`: what must be set in distributed mode; a tool needs less than the platform.
 * @throws ConfigError with every problem at once.
 */
export function readConfig(
  env: NodeJS.ProcessEnv,
  needed: readonly (keyof Settings)[] = neededWhenDistributed,
): PlatformConfig {
  const mode = isDistributed(env) ? 'distributed' : 'embedded';
  // Before the schema is applied: a schema's own checks of the whole do not run when a part is wrong.
  const problems = [
    ...(mode === 'distributed' ? distributedFaults(env, needed) : []),
    ...outsideFaults(env),
    ...stripeFaults(env),
  ];
  try {
    const parsed = parseConfig(settings, { env, secrets: mayComeAsFile });
    if (problems.length === 0) return { mode, settings: parsed };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  throw new ConfigError(problems.sort());
}

function distributedFaults(env: NodeJS.ProcessEnv, needed: readonly string[]): readonly string[] {
  const missing = needed.filter(
    (name) => !env[name] && !env[`${name}_FILE`] && !(env['STRIPE'] === 'off' && name.startsWith('STRIPE_')),
  );
  const faults = missing.map((name) => `${name}: is missing: in distributed mode nothing is generated or simulated`);
  return env['TEST_CLOCK'] === '1' ? [...faults, 'TEST_CLOCK: the test clock exists in embedded mode only'] : faults;
}

function outsideFaults(env: NodeJS.ProcessEnv): readonly string[] {
  const { JWT_JWKS_URL, JWT_ISSUER, JWT_AUDIENCE } = env;
  const fault = outsideFault({
    JWT_JWKS_URL: JWT_JWKS_URL || undefined,
    JWT_ISSUER: JWT_ISSUER || undefined,
    JWT_AUDIENCE: JWT_AUDIENCE || undefined,
  });
  return fault === null ? [] : [`JWT_JWKS_URL: ${fault}`];
}

/** Money is real under a live key, and a clock that is told where to stand is not; a test server needs a key too. */
function stripeFaults(env: NodeJS.ProcessEnv): readonly string[] {
  const {
    STRIPE_SECRET_KEY: key = '',
    STRIPE_SECRET_KEY_FILE: file = '',
    STRIPE_API_BASE: base = '',
    TEST_CLOCK: clock,
  } = env;
  const off = stripeOffFault(env);
  return [
    ...(off === null ? [] : [`STRIPE: ${off}`]),
    ...(clock === '1' && /^(sk|rk)_live_/.test(key)
      ? ['STRIPE_SECRET_KEY: a live key is refused with TEST_CLOCK']
      : []),
    ...(base !== '' && key === '' && file === '' ? ['STRIPE_API_BASE: needs STRIPE_SECRET_KEY'] : []),
  ];
}

/** For what was checked before and cannot be missing any more. */
export function present<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new ConfigError([`${name}: is missing`]);
  return value;
}
