import {
  addressesSetting,
  addressSetting,
  ConfigError,
  distributedSecrets,
  distributedSettings,
  parseConfig,
} from '@tollgate/service-kit';
import { z } from 'zod';

import { parseFourEyes } from './refunds/domain/four-eyes.ts';
import type { StripeSettings } from './stripe/stripe-client.ts';

/** How Stripe is reached; `STRIPE_API_BASE` names a test server. */
export const stripeSettings = {
  /**
   * `off`: nothing is asked of Stripe and none of its webhooks is taken; charges stay pending with the reason
   * `stripe_off`.
   */
  STRIPE: z.enum(['on', 'off'], 'is neither on nor off').default('on'),
  STRIPE_SECRET_KEY: z.string().min(8, 'is shorter than 8 characters'),
  STRIPE_WEBHOOK_SECRET: z.string().min(8, 'is shorter than 8 characters'),
  /** How long a call of Stripe may take; then its outcome is looked up. */
  STRIPE_TIMEOUT_MS: z.coerce.number().int().min(100).max(80_000).default(20_000),
  /**
   * Above which sum of a refund a second person must approve, in minor units: 50000, or BRL=50000,USD=10000. Unset: one
   * is enough.
   */
  FOUR_EYES_ABOVE: z
    .string()
    .default('')
    .transform((text, context) => {
      try {
        return parseFourEyes(text);
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message });
        return z.NEVER;
      }
    }),
  STRIPE_API_BASE: z.url({ protocol: /^https?$/, error: 'is not an http address' }).optional(),
};
/** Events to subscribers. */
export const outgoingSettings = {
  /** `1`: test set-ups, whose subscribers are on private networks. */
  ALLOW_PRIVATE_WEBHOOKS: z.enum(['0', '1'], 'is neither 0 nor 1').optional(),
  /** Seals the secrets of subscribers in the database; unset: derived from SERVICE_SECRET. */
  WEBHOOK_ENCRYPTION_KEY: z.string().min(16, 'is shorter than 16 characters').optional(),
};
export const outgoingSecrets = ['WEBHOOK_ENCRYPTION_KEY'] as const;

/** Those of them that may come as `X_FILE`. */
export const stripeSecrets = ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET'] as const;

const schema = z.object({
  ...distributedSettings,
  /** Where the ledger's instances answer queries. */
  LEDGER_ADDRESS: addressesSetting,
  /** Where others ask billing; this process listens on its port. */
  BILLING_ADDRESS: addressSetting,
  ...stripeSettings,
  ...outgoingSettings,
  STRIPE_SECRET_KEY: stripeSettings.STRIPE_SECRET_KEY.optional(),
  STRIPE_WEBHOOK_SECRET: stripeSettings.STRIPE_WEBHOOK_SECRET.optional(),
});
export type BillingConfig = z.output<typeof schema>;

/** How Stripe is used, of settings that were checked. */
export function stripeOf(
  config: Pick<
    BillingConfig,
    'STRIPE' | 'STRIPE_SECRET_KEY' | 'STRIPE_WEBHOOK_SECRET' | 'STRIPE_API_BASE' | 'STRIPE_TIMEOUT_MS'
  >,
): StripeSettings {
  const {
    STRIPE_SECRET_KEY: secretKey,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    STRIPE_API_BASE: apiBase,
    STRIPE_TIMEOUT_MS: timeoutMs,
  } = config;
  return config.STRIPE === 'off' || secretKey === undefined || webhookSecret === undefined
    ? 'off'
    : { secretKey, webhookSecret, apiBase, timeoutMs };
}

/** Billing as a process of its own. */
export function readConfig(env: NodeJS.ProcessEnv): BillingConfig {
  const faults =
    env['STRIPE'] === 'off'
      ? [stripeOffFault(env)].filter((fault) => fault !== null).map((fault) => `STRIPE: ${fault}`)
      : missingKeys(env);
  try {
    const config = parseConfig(schema, { env, secrets: [...distributedSecrets, ...stripeSecrets, ...outgoingSecrets] });
    if (faults.length === 0) return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    faults.push(...error.problems);
  }
  throw new ConfigError(faults.sort());
}

/** A key that is set and not used would leave everybody uncharged without anybody noticing. null: there is no fault. */
export function stripeOffFault(env: NodeJS.ProcessEnv): string | null {
  if (env['STRIPE'] !== 'off') return null;
  const given = ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'STRIPE_API_BASE'].filter(
    (name) => env[name] || env[`${name}_FILE`],
  );
  return given.length === 0
    ? null
    : `is off while ${given.join(' and ')} ${given.length === 1 ? 'is' : 'are'} set: set STRIPE=on, or leave ` +
        `out the other setting`;
}

const missingKeys = (env: NodeJS.ProcessEnv): string[] =>
  stripeSecrets
    .filter((name) => !env[name] && !env[`${name}_FILE`])
    .map((name) => `${name}: is missing; without Stripe set STRIPE=off`);
