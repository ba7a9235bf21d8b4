import { randomUUID } from 'node:crypto';

import { AppError, type Clock } from '@tollgate/kernel';
import { type Loop, startLoop } from '@tollgate/service-kit';

import type { CallOutcome } from '../../charges/domain/charge.ts';
import { afterOutcome, type TopUp } from '../domain/top-up.ts';
import type { GiveUnits, LockedTopUp, TopUpLedger, TopUpPayments, TopUpStore } from './ports.ts';

/** How often wallets are looked at, and how many in one question to the ledger. */
const watchEveryMs = 1_000;
const watchedMax = 500;
const idleMs = 500;
const batchMax = 100;
/** While something is due, such as a grant that the books do not have yet; by the real clock. */
const busyMs = 100;
/** Until a grant is appended once more, in case it was lost. */
const grantAgainMs = 30_000;

export type TopUpParts = {
  readonly store: TopUpStore;
  readonly payments: TopUpPayments;
  readonly ledger: TopUpLedger;
  readonly give: GiveUnits;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
};

/** Looks for wallets that are low and begins their purchases, until stopped. */
export const startWatching = (parts: TopUpParts & { readonly onBegun: () => void }): Loop =>
  startLoop({
    onFailure: parts.onFailure,
    round: async (stopped) => {
      if (await lookOnce(parts, stopped)) parts.onBegun();
      return watchEveryMs;
    },
  });

/** Looks at every wallet once; answers whether a purchase was begun. */
export async function lookOnce(parts: Omit<TopUpParts, 'payments' | 'give'>, stopped?: AbortSignal): Promise<boolean> {
  let begun = false;
  let after: string | null = null;
  do {
    const page = await parts.store.watched(after, watchedMax, parts.clock.nowMs());
    if (page.length > 0) begun = (await beginOf(parts, page)) || begun;
    after = page.length < watchedMax ? null : (page.at(-1)?.account ?? null);
  } while (after !== null && stopped?.aborted !== true);
  return begun;
}

async function beginOf(
  { store, ledger, clock }: Pick<TopUpParts, 'store' | 'ledger' | 'clock'>,
  page: Awaited<ReturnType<TopUpStore['watched']>>,
): Promise<boolean> {
  const low = await ledger.walletsBelow({
    wallets: page.map(({ account, below }) => ({ account, below: String(below) })),
  });
  let begun = false;
  for (const { account, available } of low) {
    const seen = page.find((each) => each.account === account);
    if (
      seen !== undefined &&
      (await store.begin({ ...seen, available: BigInt(available) }, randomUUID(), clock.nowMs()))
    )
      begun = true;
  }
  return begun;
}

/** Charges and gives what is open until stopped; a purchase is worked on by one instance at a time. */
export const startTopUpWorker = (parts: TopUpParts): Loop =>
  startLoop({
    onFailure: parts.onFailure,
    round: async (stopped) => ((await workOnce(parts, stopped)) === 0 ? idleMs : busyMs),
  });

/** One step of every purchase that is due; answers how many were. */
export async function workOnce(parts: TopUpParts, stopped?: AbortSignal): Promise<number> {
  const due = await parts.store.due(parts.clock.nowMs(), batchMax);
  for (const id of due) {
    if (stopped?.aborted === true) break;
    // A failure is reported and does not delay the others; the item stays due.
    await parts.store.lock(id, (locked) => advance(parts, locked)).catch(parts.onFailure);
  }
  return due.length;
}

/** One step of one purchase. */
export async function advance(parts: TopUpParts, locked: LockedTopUp): Promise<void> {
  const nowMs = parts.clock.nowMs();
  const topUp = await locked.read();
  if (topUp.nextTryMs === null || topUp.nextTryMs > nowMs) return;
  if (topUp.status === 'paid') return give(parts, locked, topUp);
  if (topUp.status !== 'pending' && topUp.status !== 'processing') return;
  const outcome = await asOutcome(parts, () => charged(parts, locked, topUp));
  await locked.record((now) => afterOutcome(now, outcome, parts.clock.nowMs()), parts.clock.nowMs());
}

/**
 * What Stripe knows of it; created where it knows nothing. One that was refused is cancelled before it counts as such.
 */
async function charged({ payments, clock }: TopUpParts, locked: LockedTopUp, topUp: TopUp): Promise<CallOutcome> {
  await locked.record((now) => ({ attempts: now.attempts + 1 }), clock.nowMs());
  const known = topUp.attempts === 0 ? null : await lookUp(payments, topUp);
  const outcome = known ?? (await payments.create(topUp));
  if (outcome.is !== 'declined' && outcome.is !== 'action_required') return outcome;
  const after = await payments.cancel(outcome.paymentIntent);
  // Paid meanwhile, or not known: looked up again. A refusal to cancel leaves a payment that nobody confirms.
  return after.is === 'succeeded' || after.is === 'processing' || after.is === 'unanswered' ? after : outcome;
}

const lookUp = (payments: TopUpPayments, topUp: TopUp): Promise<CallOutcome | null> =>
  topUp.paymentIntent === null ? payments.find(topUp) : payments.retrieve(topUp.paymentIntent);

/** Appends the grant until the books have it, or have refused it. */
async function give({ ledger, give: append, clock }: TopUpParts, locked: LockedTopUp, topUp: TopUp): Promise<void> {
  const { id, account } = topUp;
  const [outcome] = await ledger.requestOutcomes({ requests: [{ account, source: 'topup', id }] });
  const nowMs = clock.nowMs();
  if (outcome?.state === 'booked') {
    await locked.record(() => ({ status: 'succeeded', nextTryMs: null }), nowMs);
  } else if (outcome?.state === 'refused') {
    await locked.record(() => ({ status: 'unresolved', reason: outcome.code.toLowerCase(), nextTryMs: null }), nowMs);
  } else {
    const again = topUp.appendedMs === null || nowMs - topUp.appendedMs >= grantAgainMs;
    if (again) await append(topUp);
    await locked.record(() => ({ ...(again ? { appendedMs: nowMs } : {}), nextTryMs: nowMs }), nowMs);
  }
}

/** A defect of this code is reported and treated as a call without an answer: the request may have had its effect. */
async function asOutcome(
  { onFailure }: Pick<TopUpParts, 'onFailure'>,
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
