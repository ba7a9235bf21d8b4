import { addressSetting, distributedSecrets, distributedSettings, parseConfig } from '@tollgate/service-kit';
import { z } from 'zod';

/** The remote quota provider; unset: every token has the default quota. */
export const providerSettings = {
  XTEMOS_API_URL: z.url({ protocol: /^https?$/ }).optional(),
  XTEMOS_API_KEY: z.string().min(1).optional(),
};
export const providerSecrets = ['XTEMOS_API_KEY'] as const;

const schema = z.object({
  ...distributedSettings,
  ...providerSettings,
  /** Address under which other services query quota. This process listens on its port. */
  QUOTA_ADDRESS: addressSetting,
});
export type QuotaConfig = z.output<typeof schema>;

/** Quota as a process of its own. */
export const readConfig = (env: NodeJS.ProcessEnv): QuotaConfig =>
  parseConfig(schema, { env, secrets: [...distributedSecrets, ...providerSecrets] });
