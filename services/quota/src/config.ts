import { distributedSecrets, distributedSettings, parseConfig } from '@tollgate/service-kit';
import { z } from 'zod';

/** Quota as a process of its own. It does not use the log yet, so no broker is asked for. */
const schema = z.object({
  HOST: distributedSettings.HOST,
  HEALTH_PORT: distributedSettings.HEALTH_PORT,
  DATABASE_URL: distributedSettings.DATABASE_URL,
  SERVICE_SECRET: distributedSettings.SERVICE_SECRET,
  LOG_LEVEL: distributedSettings.LOG_LEVEL,
  TEST_CLOCK: distributedSettings.TEST_CLOCK,
});
export type QuotaConfig = z.output<typeof schema>;

export const readConfig = (env: NodeJS.ProcessEnv): QuotaConfig => parseConfig(schema, { env, secrets: distributedSecrets });
