import { AppError, type Clock } from '@tollgate/kernel';
import { type Loop, startLoop } from '@tollgate/service-kit';

import type { Attempt, CallOutcome, Charge } from '../domain/charge.ts';
import { afterOutcome, amountDiffers, keyHolds, nextStep } from '../domain/charging.ts';
import type { ChargeStore, LockedCharge, Payments } from './charge-ports.ts';

/** How often the store is asked while nobody wakes the worker: another instance may have died, or time moved on. */
const idleMs = 1_000;
const batchMax = 100;

type Parts = {
  readonly store: Pick<ChargeStore, 'due' | 'lock'>;
  readonly payments: Payments;
  readonly clock: Clock;
  /** Charges worked on at once, each on a database connection of its own. */
  readonly concurrency: number;
  /** 0 to 1. */
  readonly jitter: () => number;
  /** Called after every change of a charge. */
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
};

/**
 * Charges what is due until stopped. Any number of instances may run: a charge is worked on by one of them at a time.
 */
export const startChargeWorker = (parts: Parts): Loop =>
  startLoop({ round: (stopped) => round(parts, stopped), onFailure: parts.onFailure });

/** Everything that is due now, a few at a time; answers how long to rest. */
async function round(parts: Parts, stopped: AbortSignal): Promise<number> {
  const due = [...(await parts.store.due(parts.clock.nowMs(), batchMax))];
  const full = due.length === batchMax;
  let worked = false;
  const lane = async (): Promise<void> => {
    for (let id = due.shift(); id !== undefined && !stopped.aborted; id = due.shift()) {
      // A failure is reported and does not delay the others; the item stays due.
      if (await parts.store.lock(id, (locked) => advance(parts, locked)).catch(parts.onFailure)) worked = true;
    }
  };
  await Promise.all(Array.from({ length: parts.concurrency }, lane));
  return full && worked ? 0 : idleMs;
}

type Stepping = Pick<Parts, 'payments' | 'clock' | 'jitter' | 'onChange' | 'onFailure'>;

/** One step of one charge: at most one attempt is sent, and its outcome kept. */
export async function advance(parts: Stepping, locked: LockedCharge): Promise<void> {
  const nowMs = parts.clock.nowMs();
  const { charge, payer, last } = await locked.read();
  const step = nextStep(charge, { payer, last, nowMs });
  switch (step.do) {
    case 'nothing':
      return;
    case 'wait':
      await locked.record(
        (now) => (now.version === charge.version ? { type: 'ChargeHeld', reason: step.reason } : null),
        nowMs,
      );
      return parts.onChange();
    case 'waive':
      await locked.record(
        (now) => (now.version === charge.version ? { type: 'ChargeCancelled', reason: 'nothing_owed' } : null),
        nowMs,
      );
      return parts.onChange();
    case 'drop': {
      const outcome = await asOutcome(parts, () => whatIsThere(parts.payments, charge, step.customer, nowMs));
      const at = { nowMs: parts.clock.nowMs(), jitter: parts.jitter() };
      await locked.record((now) => (now.version === charge.version ? afterOutcome(now, outcome, at) : null), at.nowMs);
      return parts.onChange();
    }
    case 'look_up':
      return settle(parts, locked, await asOutcome(parts, () => parts.payments.retrieve(step.paymentIntent)));
    case 'resume':
      return settle(
        parts,
        locked,
        await asOutcome(parts, () => lookUpOrSend(parts.payments, charge, step.attempt, nowMs)),
      );
    case 'start': {
      const started = await locked.record(
        (now) => (now.version === charge.version ? { type: 'AttemptStarted', attempt: step.attempt } : null),
        nowMs,
      );
      if (started.version === charge.version || !started.attemptOpen || started.attempts !== step.attempt.number)
        return;
      const call = (): Promise<CallOutcome> =>
        step.known && step.attempt.kind === 'create'
          ? lookUpOrSend(parts.payments, charge, step.attempt, nowMs)
          : parts.payments.send(step.attempt);
      return settle(parts, locked, await asOutcome(parts, call));
    }
  }
}

async function settle(
  parts: Pick<Parts, 'clock' | 'jitter' | 'onChange'>,
  locked: LockedCharge,
  outcome: CallOutcome,
): Promise<void> {
  const at = { nowMs: parts.clock.nowMs(), jitter: parts.jitter() };
  const awaited = (now: Charge): boolean =>
    now.status === 'processing' || now.reason === amountDiffers || outcome.is === 'succeeded';
  await locked.record((now) => (awaited(now) ? afterOutcome(now, outcome, at) : null), at.nowMs);
  parts.onChange();
}

const createdFrom = (charge: Charge, startedMs: number): number =>
  Math.min(charge.crossedMs ?? charge.periodStartMs, startedMs);

/** Looks up what Stripe has of a charge that has no PaymentIntent here. */
async function whatIsThere(
  payments: Payments,
  charge: Charge,
  customer: string | null,
  nowMs: number,
): Promise<CallOutcome> {
  if (customer === null) return { is: 'absent' };
  const { id: chargeId, series } = charge;
  return (
    (await payments.find({ customer, chargeId, series, createdFromMs: createdFrom(charge, nowMs) })) ?? { is: 'absent' }
  );
}

/**
 * Looks for what an attempt may have left at Stripe before anything is sent again. A creation that left no
 * PaymentIntent is repeated unchanged; so is a confirmation while its key still finds its first answer. Nothing is paid
 * for a block that is not owed any more, and nothing is cancelled of one that is.
 */
async function lookUpOrSend(payments: Payments, charge: Charge, attempt: Attempt, nowMs: number): Promise<CallOutcome> {
  if (attempt.kind === 'create') {
    const customer = String(attempt.request['customer']);
    const createdFromMs = createdFrom(charge, attempt.startedMs);
    const found = await payments.find({ customer, chargeId: charge.id, series: charge.series, createdFromMs });
    if (found !== null) return found;
    return charge.owed ? payments.send(attempt) : { is: 'absent' };
  }
  const state = await payments.retrieve(String(attempt.request['payment_intent']));
  const open = state.is === 'declined' || state.is === 'action_required';
  if (!open) return state;
  if (attempt.kind === 'cancel' && charge.owed) return { is: 'absent' };
  const wanted = charge.owed === (attempt.kind === 'confirm');
  return wanted && keyHolds(attempt, nowMs) ? payments.send(attempt) : state;
}

/**
 * A defect of this code is reported and treated as a call without an answer: the request may have had its effect, so it
 * is looked up before anything is sent again.
 */
async function asOutcome(
  { onFailure }: Pick<Parts, 'onFailure'>,
  call: () => Promise<CallOutcome>,
): Promise<CallOutcome> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AppError && error.kind === 'unavailable')
      return { is: 'unanswered', code: 'stripe_unavailable' };
    onFailure(error);
    return { is: 'unanswered', code: 'internal_error' };
  }
}
