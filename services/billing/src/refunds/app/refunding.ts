import { createHash } from 'node:crypto';

import type { MoneyQueries } from '@tollgate/contracts';
import { AppError, type Clock } from '@tollgate/kernel';
import { type Loop, startLoop } from '@tollgate/service-kit';

import { type FourEyes, needsTwo } from '../domain/four-eyes.ts';
import {
  afterRefund,
  isUndecided,
  nextRefundStep,
  type Refund,
  type RefundAttempt,
  type RefundEvent,
  type RefundOutcome,
} from '../domain/refund.ts';
import type { LockedRefund, Refunds, RefundStore } from './refund-ports.ts';

const idleMs = 1_000;
const batchMax = 50;

type WorkerParts = {
  readonly store: Pick<RefundStore, 'due' | 'lock'>;
  readonly refunds: Refunds;
  readonly clock: Clock;
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
};

/** Sends refunds that were approved, until stopped. A refund is worked on by one instance at a time. */
export const startRefundWorker = (parts: WorkerParts): Loop =>
  startLoop({
    onFailure: parts.onFailure,
    round: async (stopped) => {
      for (const id of await parts.store.due(parts.clock.nowMs(), batchMax)) {
        if (stopped.aborted) break;
        // A failure is reported and does not delay the others; the item stays due.
        await parts.store.lock(id, (locked) => advanceRefund(parts, locked)).catch(parts.onFailure);
      }
      return idleMs;
    },
  });

/**
 * One step of one refund: at most one call that makes something, stored before it is sent and looked for before it is
 * repeated.
 */
export async function advanceRefund(parts: Omit<WorkerParts, 'store'>, locked: LockedRefund): Promise<void> {
  const { refunds, clock, onChange } = parts;
  const nowMs = clock.nowMs();
  const { refund, last } = await locked.read();
  const step = nextRefundStep(refund, { last, nowMs });
  if (step.do === 'nothing') return;
  let outcome: RefundOutcome;
  if (step.do === 'start') {
    const started = await locked.record(
      (now) =>
        now.status === 'approved' && now.attempts === refund.attempts
          ? { type: 'RefundStarted', attempt: step.attempt }
          : null,
      nowMs,
    );
    if (started.attempts !== step.attempt.number || !started.attemptOpen) return;
    outcome = await asOutcome(parts, () => refunds.send(step.attempt));
  } else {
    outcome = await asOutcome(parts, () => lookedUp(refunds, refund, step.do === 'resume' ? step.attempt : last));
  }
  await locked.record((now) => (now.status === 'processing' ? afterRefund(now, outcome, clock.nowMs()) : null), nowMs);
  onChange();
}

/**
 * The refund of an attempt among those of the payment; what left no trace is sent again, unchanged in key and
 * parameters.
 */
async function lookedUp(refunds: Refunds, refund: Refund, attempt: RefundAttempt | null): Promise<RefundOutcome> {
  const all =
    refund.applyTo === null ? await refunds.ofPayment(refund.paymentIntent) : await refunds.creditsOf(refund.applyTo);
  const ours = all.find(
    (one) =>
      (attempt !== null && one.ours === refund.id && one.attempt === attempt.number) ||
      one.state.stripeRefund === refund.stripeRefund,
  );
  if (ours !== undefined) return ours.state;
  return attempt === null ? { is: 'unanswered', code: 'not_listed' } : refunds.send(attempt);
}

/** As for charges: a defect of this code is reported, and the request is looked up before it is sent again. */
async function asOutcome(
  { onFailure }: Pick<WorkerParts, 'onFailure'>,
  call: () => Promise<RefundOutcome>,
): Promise<RefundOutcome> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AppError && error.kind === 'unavailable')
      return { is: 'unanswered', code: 'stripe_unavailable' };
    onFailure(error);
    return { is: 'unanswered', code: 'internal_error' };
  }
}

type Queries = Pick<MoneyQueries, 'listRefunds' | 'approveRefund' | 'declineRefund'>;

/** Finance's decisions. Nothing is refunded without one. */
export function makeRefundQueries(parts: {
  readonly store: RefundStore;
  readonly clock: Clock;
  readonly fourEyes: FourEyes;
  readonly onApproved: () => void;
  readonly onChange: () => void;
}): Queries {
  const { store, clock } = parts;
  const decide = async (
    of: {
      readonly id: string;
      readonly operation: string;
      readonly key?: string | undefined;
      readonly content: string;
    },
    decision: (refund: Refund, left: bigint) => RefundEvent,
  ): ReturnType<Queries['approveRefund']> => {
    const hash = createHash('sha256').update(of.content).digest('hex');
    const decided = await store.decide({ ...of, hash }, decision, clock.nowMs());
    parts.onChange();
    return decided;
  };
  return {
    listRefunds: (query) => store.list(query),
    approveRefund: async ({ id, by, address = null, key }) => {
      const decided = await decide({ id, operation: 'refund.approve', key, content: '' }, (refund, left) => {
        refuseDecided(refund);
        if (refund.amountMinor > left)
          throw notOpen(`only ${left > 0n ? left : 0n} of the payment can still be refunded`);
        const second = refund.firstApproval !== null || !needsTwo(parts.fourEyes, refund);
        if (refund.firstApproval === by)
          throw notOpen('you have approved it already: a sum of this size needs a second person');
        return second
          ? { type: 'RefundApproved', by, address, nextTryMs: clock.nowMs(), applyTo: null }
          : { type: 'RefundApprovedOnce', by, address };
      });
      parts.onApproved();
      return decided;
    },
    declineRefund: async ({ id, by, address = null, reason, credit, key }) => {
      const applyTo = credit === 'apply' ? await store.nextInvoiceOf(id) : null;
      const decided = await decide(
        { id, operation: 'refund.decline', key, content: `${credit}:${reason}` },
        (refund, left) => {
          refuseDecided(refund);
          if (credit === 'forfeit') return { type: 'RefundDeclined', by, address, reason };
          return applying(refund, { left, applyTo, by, address, fourEyes: parts.fourEyes, nowMs: clock.nowMs() });
        },
      );
      parts.onApproved();
      return decided;
    },
  };
}

type Applying = {
  readonly left: bigint;
  readonly applyTo: string | null;
  readonly by: string;
  readonly address: string | null;
  readonly fourEyes: FourEyes;
  readonly nowMs: number;
};

/** A credit that is applied is worth what a refund is: a large one takes two people as well. */
function applying(refund: Refund, { left, applyTo, by, address, fourEyes, nowMs }: Applying): RefundEvent {
  if (applyTo === null)
    throw notOpen(
      `the customer has no running subscription in ${refund.currency} whose next invoice could take it: forfeit ` +
        `it, or approve the refund`,
    );
  if (refund.amountMinor > left) throw notOpen(`only ${left > 0n ? left : 0n} of the payment can still be given back`);
  if (refund.firstApproval === by)
    throw notOpen('you have approved it already: a sum of this size needs a second person');
  const second = refund.firstApproval !== null || !needsTwo(fourEyes, refund);
  return second
    ? { type: 'RefundApproved', by, address, nextTryMs: nowMs, applyTo }
    : { type: 'RefundApprovedOnce', by, address };
}

function refuseDecided(refund: Refund): void {
  if (!isUndecided(refund)) throw notOpen(`The refund is ${refund.status}`);
}

const notOpen = (detail: string): AppError => new AppError('conflict', 'REFUND_NOT_OPEN', detail);
