import { addressesSetting, addressSetting, distributedSecrets, distributedSettings, parseConfig } from '@tollgate/service-kit';
import { z } from 'zod';

const schema = z.object({
  ...distributedSettings,
  /** Where the ledger's instances answer queries. */
  LEDGER_ADDRESS: addressesSetting,
  /** Where others ask billing; this process listens on its port. */
  BILLING_ADDRESS: addressSetting,
});
export type BillingConfig = z.output<typeof schema>;

/** Billing as a process of its own. */
export const readConfig = (env: NodeJS.ProcessEnv): BillingConfig => parseConfig(schema, { env, secrets: distributedSecrets });
