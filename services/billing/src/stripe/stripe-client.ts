import { AppError } from '@tollgate/kernel';
import Stripe from 'stripe';

/** The version whose shapes this code reads: a newer library must not change them silently. */
export const stripeApiVersion = '2026-10-28.endive';

/** `off`: there is no Stripe. Charges wait, and what would ask it is refused with STRIPE_OFF. */
export type StripeSettings = StripeAccess | 'off';
export type StripeAccess = {
  readonly secretKey: string;
  /** Of the webhook endpoint. */
  readonly webhookSecret: string;
  /** A test server or the simulator, `http://127.0.0.1:12111`; default: Stripe. */
  readonly apiBase?: string | undefined;
  /** How long a call may take; default 20 s. By the real clock. */
  readonly timeoutMs?: number | undefined;
};

/**
 * The official library. It repeats nothing by itself but a call whose connection was closed (once, under its key): what
 * is sent again, and after which look-up, is for the charges to decide.
 */
export function stripeClient(settings: StripeSettings): Stripe {
  if (settings === 'off') return noStripe() as unknown as Stripe;
  const base = settings.apiBase === undefined ? undefined : new URL(settings.apiBase);
  return new Stripe(settings.secretKey, {
    apiVersion: stripeApiVersion,
    maxNetworkRetries: 0,
    timeout: settings.timeoutMs ?? 20_000,
    telemetry: false,
    appInfo: { name: 'tollgate' },
    ...(base === undefined
      ? {}
      : {
          host: base.hostname,
          protocol: base.protocol === 'https:' ? 'https' : 'http',
          port: base.port === '' ? (base.protocol === 'https:' ? 443 : 80) : Number(base.port),
        }),
  });
}

/** A client whose calls all reject with STRIPE_OFF; nothing leaves the process. */
function noStripe(): object {
  const library = new Stripe('sk_off');
  // Only members of the library answer, so that a framework that inspects this object finds no hooks.
  return new Proxy({}, { get: (_target, name) => (name in library ? refusing() : undefined) });
}

const refusing = (): object =>
  new Proxy(() => undefined, {
    get: (_target, name) => (typeof name === 'symbol' || name === 'then' ? undefined : refusing()),
    apply: () => {
      throw stripeIsOff();
    },
  });

export const stripeIsOff = (): AppError =>
  new AppError('unavailable', 'STRIPE_OFF', 'Stripe is off here (STRIPE=off): set its keys to use it');
