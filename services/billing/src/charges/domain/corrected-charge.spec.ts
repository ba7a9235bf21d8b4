import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { chargeMessage } from '../../webhooks-out/domain/webhook-message.ts';
import { type CallOutcome, type Charge, type ChargeEvent, evolve } from './charge.ts';
import { afterOutcome, corrected, nextStep } from './charging.ts';
import { consequence } from './corrected-charge.ts';

const nowMs = Date.UTC(2026, 10, 21, 12);
const opened: Charge = {
  id: '4be4ae61-6c40-5c55-9f33-6f5d9ac2a0a7',
  account: 'metered:u',
  userId: 'u',
  periodStartMs: Date.UTC(2026, 10, 1),
  periodEndMs: Date.UTC(2026, 11, 1),
  block: 1n,
  plan: 'default',
  billingTier: '8M-16M',
  amountMinor: 10_000n,
  currency: 'BRL',
  crossedMs: nowMs,
  status: 'pending',
  reason: null,
  paymentIntent: null,
  paidMs: null,
  attempts: 0,
  refusals: 0,
  unanswered: 0,
  attemptOpen: false,
  nextTryMs: nowMs,
  version: 1,
  creditedMs: null,
  owed: true,
  series: 0,
  cancelSent: false,
  creditNote: null,
};
const payer = { customerId: 'cus_1', paymentMethod: 'pm_1' };

/** A charge with what Stripe and finance really did, moved by the same functions as the live one. */
class World {
  charge = opened;
  /** What Stripe did with each PaymentIntent; one a series. */
  readonly intents = new Map<number, 'open' | 'paid' | 'cancelled'>();
  refundedMinor = 0n;
  underWay = false;
  readonly told: string[] = [];

  record(event: ChargeEvent | null): void {
    for (
      let next = event;
      next !== null;
      next = consequence(this.charge, { minor: this.refundedMinor, underWay: this.underWay }, nowMs)
    ) {
      if (next.type === 'ChargeReopened' || next.type === 'ChargeRevived') this.refundedMinor = 0n;
      this.charge = evolve(this.charge, next);
      this.told.push(next.type);
    }
  }

  /** One step of the worker; `says`: whether the card is refused, and whether the answer gets lost. */
  work(says: { readonly declines: boolean; readonly lost: boolean }): void {
    const { series } = this.charge;
    const step = nextStep(
      { ...this.charge, nextTryMs: this.charge.nextTryMs === null ? null : nowMs },
      { payer, last: this.#last, nowMs },
    );
    if (step.do === 'start') {
      this.#last = step.attempt;
      this.record({ type: 'AttemptStarted', attempt: step.attempt });
      if (step.attempt.kind === 'cancel')
        this.intents.set(series, this.intents.get(series) === 'paid' ? 'paid' : 'cancelled');
      else if (this.intents.get(series) !== 'cancelled') this.intents.set(series, says.declines ? 'open' : 'paid');
    } else if (step.do === 'drop') return this.record(afterOutcome(this.charge, this.#state(), { nowMs, jitter: 0 }));
    else if (step.do === 'nothing' || step.do === 'wait' || step.do === 'waive') return;
    this.record(
      afterOutcome(this.charge, says.lost ? { is: 'unanswered', code: 'no_answer' } : this.#state(), {
        nowMs,
        jitter: 0,
      }),
    );
  }
  #last: Parameters<typeof nextStep>[1]['last'] = null;

  #state(): CallOutcome {
    const paymentIntent = `pi_${this.charge.series}`;
    switch (this.intents.get(this.charge.series)) {
      case 'paid':
        return { is: 'succeeded', paymentIntent, sum: this.charge };
      case 'cancelled':
        return { is: 'cancelled', paymentIntent };
      case 'open':
        return { is: 'declined', paymentIntent, code: 'generic_decline', sum: this.charge };
      default:
        return { is: 'absent' };
    }
  }
}

const moves = fc.array(
  fc.oneof(
    fc.constant({ of: 'left' as const }),
    fc.constant({ of: 'regained' as const }),
    fc.record({ of: fc.constant('work' as const), declines: fc.boolean(), lost: fc.boolean() }),
    fc.constant({ of: 'refund' as const }),
  ),
  { maxLength: 40 },
);

describe('a charge whose block comes and goes', () => {
  // Guarantee: in whatever order corrections, payments and refunds come, one payment is kept of what is owed and none
  // of what is not.
  it('ends paid once when it is owed, and not paid, credited or refunded when it is not', () => {
    fc.assert(
      fc.property(moves, fc.boolean(), (history, owed) => {
        const world = new World();
        for (const move of history) {
          if (move.of === 'work') world.work(move);
          else if (move.of === 'refund') {
            if (world.charge.creditedMs !== null) world.refundedMinor = world.charge.amountMinor;
          } else if (world.charge.owed !== (move.of === 'regained'))
            world.record({ type: move.of === 'left' ? 'BlockLeft' : 'BlockRegained', nextTryMs: nowMs });
          const live = [...world.intents].filter(([series, state]) => series < world.charge.series && state === 'open');
          expect(live).toEqual([]);
        }
        if (world.charge.owed !== owed) world.record({ type: owed ? 'BlockRegained' : 'BlockLeft', nextTryMs: nowMs });
        for (let turn = 0; turn < 10; turn++) world.work({ declines: false, lost: false });
        const { charge } = world;
        if (owed) expect(charge).toMatchObject({ status: 'succeeded', creditedMs: null });
        else if (charge.status === 'succeeded') expect(charge.creditedMs).not.toBeNull();
        else expect(charge).toMatchObject({ status: 'cancelled', reason: corrected });
        expect(world.intents.get(charge.series) === 'paid').toBe(charge.status === 'succeeded');
      }),
      { numRuns: 2_000 },
    );
  });

  it('tells subscribers each turn under a name of its own', () => {
    const base = {
      partition: 0,
      partitionSeq: 1n,
      chargeId: opened.id,
      number: 2,
      occurredMs: nowMs,
      account: 'metered:u',
      userId: 'u',
      periodStartMs: nowMs,
      periodEndMs: nowMs,
      block: 1n,
      billingTier: '8M-16M',
      amountMinor: 10_000n,
      currency: 'BRL',
      reason: null,
      refund: null,
    };
    const told = (type: string) => chargeMessage({ ...base, type })?.type ?? null;
    expect(
      [
        'ChargeCancelled',
        'ChargeRevived',
        'ChargeCredited',
        'CreditTakenBack',
        'ChargeReopened',
        'RefundProposed',
        'RefundApproved',
        'RefundDeclined',
        'RefundWithdrawn',
        'RefundSucceeded',
        'RefundFailed',
      ].map(told),
    ).toEqual([
      'charge.cancelled',
      'charge.revived',
      'charge.credited',
      'charge.credit_reversed',
      'charge.reopened',
      'refund.proposed',
      'refund.approved',
      'refund.declined',
      'refund.withdrawn',
      'refund.succeeded',
      'refund.failed',
    ]);
    expect(['BlockLeft', 'RefundStarted', 'RefundPending', 'AttemptStarted'].map(told)).toEqual([
      null,
      null,
      null,
      null,
    ]);
    const message = chargeMessage({ ...base, type: 'RefundProposed', refund: { id: 'r', amount_minor: '4000' } });
    expect(JSON.parse(message?.body ?? '{}')).toMatchObject({
      type: 'refund.proposed',
      data: { charge_id: opened.id, refund: { id: 'r', amount_minor: '4000' } },
    });
  });
});
