import type { Clock } from '@tollgate/kernel';
import { type Loop, startLoop } from '@tollgate/service-kit';

import type { ChargeEvent } from '../domain/charge.ts';
import { nextStep } from '../domain/charging.ts';
import type { ChargeStore } from './charge-ports.ts';

/** Why a charge is pending while there is no Stripe. */
export const stripeOff = 'stripe_off';
const idleMs = 1_000;
const batchMax = 100;
/** The work is done; the loop only has to stay alive. */
const restMs = 3_600_000;

type Parts = {
  readonly store: Pick<ChargeStore, 'dueUntried' | 'heldBack' | 'record'>;
  readonly clock: Clock;
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
};

/**
 * Replaces the worker while Stripe is off: a charge that becomes due stays pending with a reason. Attempts that an
 * earlier process sent are left alone; their outcome is looked up once Stripe is on.
 */
export const startDeferring = (parts: Parts): Loop =>
  startLoop({
    onFailure: parts.onFailure,
    round: async () => {
      const { store, clock, onChange } = parts;
      const nowMs = clock.nowMs();
      const ids = await store.dueUntried(nowMs, batchMax);
      for (const id of ids) {
        await store.record(
          id,
          (charge): ChargeEvent | null => {
            if (charge.status !== 'pending' || charge.attemptOpen) return null;
            const step = nextStep(charge, { payer: { customerId: null, paymentMethod: null }, last: null, nowMs });
            if (step.do === 'nothing') return null;
            return step.do === 'waive'
              ? { type: 'ChargeCancelled', reason: 'nothing_owed' }
              : { type: 'ChargeHeld', reason: stripeOff };
          },
          nowMs,
        );
        onChange();
      }
      return ids.length === batchMax ? 0 : idleMs;
    },
  });

/** Runs once at the start: charges that waited because Stripe was off become due. */
export function startResuming(
  parts: Pick<Parts, 'store' | 'clock' | 'onFailure'> & { readonly onResumed: (charges: number) => void },
): Loop {
  let done = false;
  return startLoop({
    onFailure: parts.onFailure,
    round: async () => {
      if (!done) parts.onResumed(await resumeDeferred(parts));
      done = true;
      return restMs;
    },
  });
}

/** Makes charges due that waited for Stripe to be on; answers how many. */
export async function resumeDeferred({ store, clock }: Pick<Parts, 'store' | 'clock'>): Promise<number> {
  let released = 0;
  for (
    let ids = await store.heldBack(stripeOff, batchMax);
    ids.length > 0;
    ids = await store.heldBack(stripeOff, batchMax)
  ) {
    const nowMs = clock.nowMs();
    for (const id of ids) {
      await store.record(
        id,
        (charge) =>
          charge.reason === stripeOff && charge.nextTryMs === null
            ? { type: 'RetryRequested', by: 'stripe_on', nextTryMs: nowMs }
            : null,
        nowMs,
      );
    }
    released += ids.length;
  }
  return released;
}
