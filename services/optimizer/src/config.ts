import { addressSetting, distributedSecrets, distributedSettings, parseConfig } from '@tollgate/service-kit';
import { z } from 'zod';

import { memoryDefaultMb } from './adapters/sharp/image-workers.ts';

export const optimizerSettings = {
  /** Images worked on at once, a process each. */
  OPTIMIZER_WORKERS: z.coerce.number().int().min(1).max(64).default(1),
  /** Most memory for the pixels of one image, where the system can bound it (Linux). */
  OPTIMIZER_MEMORY_MB: z.coerce.number().int().min(100).max(16_384).default(memoryDefaultMb),
};

/** Settings of the optimizer as its own process. It knows tasks and files, not the log. */
const schema = z.object({
  HOST: distributedSettings.HOST,
  HEALTH_PORT: distributedSettings.HEALTH_PORT,
  DATABASE_URL: distributedSettings.DATABASE_URL,
  DATABASE_PASSWORD: distributedSettings.DATABASE_PASSWORD,
  SERVICE_SECRET: distributedSettings.SERVICE_SECRET,
  LOG_LEVEL: distributedSettings.LOG_LEVEL,
  TEST_CLOCK: distributedSettings.TEST_CLOCK,
  /** Address under which gateways reach the optimizer. This process listens on its port. */
  OPTIMIZER_ADDRESS: addressSetting,
  /** The folder of files: a volume that outlives the container. */
  OPTIMIZER_DIR: z.string().min(1),
  ...optimizerSettings,
});
export type OptimizerConfig = z.output<typeof schema>;

export const readConfig = (env: NodeJS.ProcessEnv): OptimizerConfig =>
  parseConfig(schema, { env, secrets: distributedSecrets });
