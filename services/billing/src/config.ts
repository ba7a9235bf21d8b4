import { addressesSetting, addressSetting, distributedSecrets, distributedSettings, parseConfig } from '@tollgate/service-kit';
import { z } from 'zod';

/** How Stripe is reached; `STRIPE_API_BASE` names a test server. */
export const stripeSettings = {
  STRIPE_SECRET_KEY: z.string().min(8, 'is shorter than 8 characters'),
  STRIPE_WEBHOOK_SECRET: z.string().min(8, 'is shorter than 8 characters'),
  /** How long a call of Stripe may take; then its outcome is looked up. */
  STRIPE_TIMEOUT_MS: z.coerce.number().int().min(100).max(80_000).default(20_000),
  STRIPE_API_BASE: z.url({ protocol: /^https?$/, error: 'is no http address' }).optional(),
};
/** Those of them that may come as `X_FILE`. */
export const stripeSecrets = ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET'] as const;

const schema = z.object({
  ...distributedSettings,
  /** Where the ledger's instances answer queries. */
  LEDGER_ADDRESS: addressesSetting,
  /** Where others ask billing; this process listens on its port. */
  BILLING_ADDRESS: addressSetting,
  ...stripeSettings,
});
export type BillingConfig = z.output<typeof schema>;

/** Billing as a process of its own. */
export const readConfig = (env: NodeJS.ProcessEnv): BillingConfig => parseConfig(schema, { env, secrets: [...distributedSecrets, ...stripeSecrets] });
