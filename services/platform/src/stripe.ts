import { randomBytes } from 'node:crypto';

import type { StripeSettings } from '@tollgate/billing';
import type { Clock } from '@tollgate/kernel';
import type { Logger, Shutdown } from '@tollgate/service-kit';
import { startStripeSimulator, stripeSimulatorSchema } from '@tollgate/stripe-simulator';

import type { PlatformConfig } from './config.ts';
import type { PreparedDatabase } from './prepare.ts';
import { simulatorSecrets } from './secrets.ts';

/** Only where nothing else is named, and never in distributed mode (running.md §2). */
export const usesSimulator = ({ mode, settings }: PlatformConfig): boolean =>
  mode === 'embedded' && settings.STRIPE === 'on' && settings.STRIPE_SECRET_KEY === undefined;

export type OpenStripe = {
  readonly settings: StripeSettings;
  /** Where the simulator's webhooks go; Stripe itself is told in its dashboard. */
  deliverTo(url: string): void;
};

/** Stripe as the settings name it, else a simulator that says that it is one. */
export async function openStripe(parts: {
  readonly config: PlatformConfig;
  readonly database: PreparedDatabase;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly say: (line: string) => void;
  readonly onStop: Shutdown['onStop'];
}): Promise<OpenStripe> {
  const {
    STRIPE_SECRET_KEY: key,
    STRIPE_WEBHOOK_SECRET: given,
    STRIPE_API_BASE: apiBase,
    STRIPE_TIMEOUT_MS: timeoutMs,
  } = parts.config.settings;
  if (parts.config.settings.STRIPE === 'off') {
    parts.say('Stripe         off: charges stay pending (STRIPE=off)');
    return { settings: 'off', deliverTo: () => undefined };
  }
  if (!usesSimulator(parts.config) && key !== undefined) {
    parts.say(
      `Stripe         ${apiBase === undefined ? 'api.stripe.com' : apiBase}${
        given === undefined ? '; webhooks are refused: STRIPE_WEBHOOK_SECRET is not set' : ''
      }`,
    );
    // Without a secret nothing can be verified, so nothing is taken: nobody knows this one.
    return {
      settings: { secretKey: key, webhookSecret: given ?? randomBytes(32).toString('hex'), apiBase, timeoutMs },
      deliverTo: () => undefined,
    };
  }
  const own = simulatorSecrets(parts.config.settings.DATA_DIR);
  const webhookSecret = given ?? `whsec_${own.webhookSecret}`;
  const secretKey = `sk_test_${own.key}`;
  const simulator = await startStripeSimulator({
    databaseUrl: parts.database.urlFor(stripeSimulatorSchema),
    clock: parts.clock,
    webhookSecret,
    secretKey,
    onTrouble: (error) => parts.logger.warn({ err: error }, 'the Stripe simulator met something unexpected'),
  });
  parts.onStop('the Stripe simulator', () => simulator.stop());
  parts.say(`Stripe         simulator at ${simulator.url}, no money moves: set STRIPE_SECRET_KEY for Stripe itself`);
  return {
    settings: { secretKey, webhookSecret, apiBase: simulator.url, timeoutMs },
    deliverTo: (url) => simulator.deliverTo(url),
  };
}
