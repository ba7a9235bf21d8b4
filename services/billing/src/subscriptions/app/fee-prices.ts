import { AppError, type Clock } from '@tollgate/kernel';

import type { FeePlanOf } from './fee-plan.ts';
import type { PricedSubscription, StripeSubscriptions, SubscriptionStore } from './subscription-ports.ts';

type Parts = {
  readonly store: Pick<SubscriptionStore, 'running' | 'endingBefore' | 'priced' | 'told'>;
  readonly stripe: Pick<StripeSubscriptions, 'price' | 'setPrice' | 'subscription'>;
  readonly feePlanOf: FeePlanOf;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
  /** A plan in another currency: Stripe keeps a subscription in the one it began with. */
  readonly onCurrency: (subscription: PricedSubscription, currency: string) => void;
};

/** Looked at in one round; a round a second, so that a version reaches 50 subscriptions a second. */
const pageMax = 50;
const idleMs = 1_000;
/** Between two times through all of them. */
const restMs = 5_000;
/** Those whose period ends soon are looked at in every round. */
const soonMs = 120_000;

/**
 * Keeps the price of running subscriptions at Stripe at what the plan version says that will be in force as the next
 * period begins. It is set without proration, so that Stripe takes it for the next invoice. Setting it again changes
 * nothing: a crash anywhere, or a second instance, costs a call.
 */
export function makeFeePriceRound(parts: Parts): () => Promise<number> {
  let after: string | null = null;
  return async () => {
    const soon = await parts.store.endingBefore(parts.clock.nowMs() + soonMs, pageMax);
    const page = await parts.store.running(after, pageMax);
    const full = page.length === pageMax;
    after = full ? (page.at(-1)?.id ?? null) : null;
    const seen = new Set<string>();
    for (const one of [...soon, ...page]) {
      if (seen.has(one.id)) continue;
      seen.add(one.id);
      await keepPrice(parts, one).catch((error: unknown) => {
        if (!(error instanceof AppError && error.kind === 'unavailable')) parts.onFailure(error);
      });
    }
    return full ? idleMs : restMs;
  };
}

async function keepPrice(parts: Parts, one: PricedSubscription): Promise<void> {
  const nowMs = parts.clock.nowMs();
  if (one.periodEndMs <= nowMs) return renewed(parts, one, nowMs);
  const next = await parts.feePlanOf(one.customerId, one.periodEndMs);
  if (next.currency !== one.currency) return parts.onCurrency(one, next.currency);
  const priced = { plan: next.plan, version: next.version, amountMinor: next.amountMinor };
  if (next.amountMinor !== one.amountMinor) {
    const { price } = await parts.stripe.price(next);
    await parts.stripe.setPrice({
      subscription: one.subscriptionId,
      price,
      key: `${one.id}:price:${one.periodEndMs}:${price}`,
    });
  } else if (next.plan === one.plan && next.version === one.version) return;
  await parts.store.priced(one.id, priced, nowMs);
}

/** The period is over, and no webhook has told of the next one yet. */
async function renewed(parts: Parts, one: PricedSubscription, nowMs: number): Promise<void> {
  const state = await parts.stripe.subscription(one.subscriptionId);
  if (state !== null) await parts.store.told(state, { toldMs: nowMs, nowMs });
}
