import { addressSetting, distributedSecrets, distributedSettings, parseConfig } from '@tollgate/service-kit';
import { z } from 'zod';

const schema = z.object({
  ...distributedSettings,
  /** Address for queries to the ledger; this process listens on its port. */
  LEDGER_ADDRESS: addressSetting,
  /** Accounts kept in memory, about 1 kB each. */
  LEDGER_ACCOUNTS_MAX: z.coerce.number().int().min(1_000).max(10_000_000).default(200_000),
});
export type LedgerConfig = z.output<typeof schema>;

/** The ledger as a process of its own. */
export const readConfig = (env: NodeJS.ProcessEnv): LedgerConfig =>
  parseConfig(schema, { env, secrets: distributedSecrets });
