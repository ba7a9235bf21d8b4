import { type Loop, startLoop } from '@tollgate/service-kit';

import type { Deliver, DueDelivery, WebhookStore } from './webhook-ports.ts';

const [second, minute, hour] = [1_000, 60_000, 3_600_000];
/**
 * Pauses after each failed attempt, as Standard Webhooks advises: ten attempts over about three days, then it has
 * failed.
 */
export const retriesDefault: readonly number[] = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];
/** Attempts at once: in all, and to one endpoint, so that a hanging one holds nobody else up. */
const [inFlightMax, perEndpoint] = [16, 2];
/** Longer than any attempt takes: what a killed process was at is then tried again. */
const leaseMs = 60_000;
const idleMs = 500;

export type DeliveryParts = {
  readonly store: WebhookStore;
  readonly deliver: Deliver;
  /** The real clock: subscribers live by it. */
  readonly nowMs: () => number;
  /** 0 up to 1. */
  readonly jitter: () => number;
  readonly retriesMs?: readonly number[];
  readonly onFailure: (error: unknown) => void;
};

/**
 * Delivers what is due until stopped, at least once: a process that dies between sending and noting it sends again,
 * under the same message id. 2xx is delivered; 410 disables the endpoint; all else is tried again until the pauses are
 * used up.
 */
export function startDelivery(parts: DeliveryParts): Loop {
  const underWay = new Set<Promise<void>>();
  const busy = new Map<string, number>();
  const start = (delivery: DueDelivery): void => {
    busy.set(delivery.endpoint, (busy.get(delivery.endpoint) ?? 0) + 1);
    const attempt: Promise<void> = attemptOf(parts, delivery)
      .catch(parts.onFailure)
      .finally(() => {
        underWay.delete(attempt);
        busy.set(delivery.endpoint, (busy.get(delivery.endpoint) ?? 1) - 1);
        loop.wake();
      });
    underWay.add(attempt);
  };
  const loop: Loop = startLoop({
    onFailure: parts.onFailure,
    round: async () => {
      const free = inFlightMax - underWay.size;
      if (free <= 0) return idleMs;
      const due = await parts.store.claim({
        nowMs: parts.nowMs(),
        leaseMs,
        perEndpoint,
        limit: free,
        busy: [...busy].filter(([, count]) => count >= perEndpoint).map(([id]) => id),
      });
      due.forEach(start);
      return idleMs;
    },
  });
  return {
    wake: () => loop.wake(),
    stop: async () => {
      await loop.stop();
      await Promise.all(underWay);
    },
  };
}

async function attemptOf(parts: DeliveryParts, delivery: DueDelivery): Promise<void> {
  const outcome = await parts.deliver(delivery);
  if (outcome.statusCode !== null && outcome.statusCode >= 200 && outcome.statusCode < 300) {
    return parts.store.settle(delivery, outcome, { status: 'delivered', nextTryMs: null });
  }
  const gone = outcome.statusCode === 410;
  const nextTryMs = gone ? null : nextTry(parts, delivery.attempts);
  await parts.store.settle(delivery, outcome, { status: nextTryMs === null ? 'failed' : 'pending', nextTryMs });
  if (gone) await parts.store.disable(delivery.endpoint, 'it answered 410 Gone');
}

function nextTry({ retriesMs = retriesDefault, jitter, nowMs }: DeliveryParts, attempts: number): number | null {
  const pauseMs = retriesMs[attempts - 1];
  // Up to a tenth longer, so that what failed together does not come back together.
  return pauseMs === undefined ? null : nowMs() + Math.round(pauseMs * (1 + jitter() / 10));
}
