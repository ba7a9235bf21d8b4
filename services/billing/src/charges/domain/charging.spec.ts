import { describe, expect, it } from '@jest/globals';
import { currencyCodes, decimalAmount } from '@tollgate/pricing';
import fc from 'fast-check';

import { type CallOutcome, type Charge, evolve } from './charge.ts';
import { afterOutcome, isSettled, keyWindowMs, nextStep, shownStatus } from './charging.ts';

const nowMs = Date.UTC(2026, 10, 21, 12);
const aCharge = (more: Partial<Charge> = {}): Charge => ({
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
  ...more,
});
const payer = { customerId: 'cus_1', paymentMethod: 'pm_1' };
const at = { nowMs, jitter: 0.5 };

describe('the next step of a charge', () => {
  const step = (charge: Charge, more = {}) => nextStep(charge, { payer, last: null, nowMs, ...more });

  it('creates the payment under its own id, then confirms that same one under id and number', () => {
    expect(step(aCharge())).toMatchObject({
      do: 'start',
      known: false,
      attempt: {
        number: 1,
        kind: 'create',
        key: aCharge().id,
        request: {
          amount: '10000',
          currency: 'brl',
          customer: 'cus_1',
          payment_method: 'pm_1',
          confirm: true,
          off_session: true,
          metadata: { charge_id: aCharge().id },
        },
      },
    });
    expect(step(aCharge({ status: 'failed', paymentIntent: 'pi_1', attempts: 1 }))).toMatchObject({
      do: 'start',
      attempt: {
        number: 2,
        kind: 'confirm',
        key: `${aCharge().id}:2`,
        request: { payment_intent: 'pi_1', payment_method: 'pm_1', off_session: true },
      },
    });
  });

  // Guarantee: what a customer is charged is what the statement says, in whatever currency.
  it('asks Stripe for the amount of the statement, in every currency', () => {
    const asked = (currency: string, amountMinor: bigint) => {
      const { attempt } = step(aCharge({ currency, amountMinor })) as unknown as {
        attempt: { request: { amount: string; currency: string } };
      };
      return [attempt.request.amount, attempt.request.currency, decimalAmount(amountMinor, currency)];
    };
    expect(asked('MGA', 500n)).toEqual(['500', 'mga', '500']);
    expect(asked('UGX', 500n)).toEqual(['50000', 'ugx', '500']);
    expect(asked('KWD', 5_120n)).toEqual(['5120', 'kwd', '5.120']);
    expect(asked('HUF', 500n)).toEqual(['500', 'huf', '5.00']);
    // Stripe counts all others as the statement is written, without its point.
    for (const code of currencyCodes.filter((one) => one !== 'ISK' && one !== 'UGX')) {
      const [amount, , text] = asked(code, 12_340n);
      expect([code, amount]).toEqual([code, text?.replace('.', '')]);
    }
  });

  it('is nothing before its time, and nothing once it ended', () => {
    expect(step(aCharge({ nextTryMs: nowMs + 1 }))).toEqual({ do: 'nothing' });
    expect(step(aCharge({ nextTryMs: null }))).toEqual({ do: 'nothing' });
    for (const status of ['succeeded', 'cancelled'] as const)
      expect(step(aCharge({ status }))).toEqual({ do: 'nothing' });
  });

  it('finishes an attempt without an answer before anything else, whoever pays by now', () => {
    const last = { number: 1, kind: 'create', key: 'k', request: { customer: 'cus_old' }, startedMs: nowMs } as const;
    const open = aCharge({ status: 'processing', attemptOpen: true, attempts: 1 });
    expect(step(open, { last, payer: { customerId: null, paymentMethod: null } })).toEqual({
      do: 'resume',
      attempt: last,
    });
  });

  // Guarantee: a database restored from before a payment must not pay it again (rule 26).
  it('looks first when the crossing is older than what Stripe remembers, or its age is not known', () => {
    expect(step(aCharge({ crossedMs: nowMs - keyWindowMs }))).toMatchObject({ known: false });
    expect(step(aCharge({ crossedMs: nowMs - keyWindowMs - 1 }))).toMatchObject({ known: true });
    expect(step(aCharge({ crossedMs: null }))).toMatchObject({ known: true });
    expect(step(aCharge({ status: 'failed', attempts: 1 }))).toMatchObject({
      known: true,
      attempt: { kind: 'create', number: 2 },
    });
  });

  it('waits for somebody to pay, and owes nothing of nothing', () => {
    expect(step(aCharge(), { payer: { customerId: null, paymentMethod: null } })).toEqual({
      do: 'wait',
      reason: 'no_customer',
    });
    expect(step(aCharge(), { payer: { customerId: 'cus_1', paymentMethod: null } })).toEqual({
      do: 'wait',
      reason: 'no_payment_method',
    });
    expect(step(aCharge({ amountMinor: 0n }))).toEqual({ do: 'waive' });
  });
});

describe('what Stripe says of a charge', () => {
  const sum = { amountMinor: 10_000n, currency: 'BRL' };
  const outcomes: readonly CallOutcome[] = [
    { is: 'succeeded', paymentIntent: 'pi_1', sum },
    { is: 'processing', paymentIntent: 'pi_1', sum },
    { is: 'declined', paymentIntent: 'pi_1', code: 'generic_decline', sum },
    { is: 'action_required', paymentIntent: 'pi_1', code: 'authentication_required', sum },
    { is: 'cancelled', paymentIntent: 'pi_1' },
    { is: 'rejected', code: 'resource_missing' },
    { is: 'unanswered', code: 'no_answer' },
  ];
  const told = (charge: Charge, outcome: CallOutcome): Charge => {
    const event = afterOutcome(charge, outcome, at);
    return event === null ? charge : evolve(charge, event);
  };

  it('in any order, with a success among it, leaves it paid', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...outcomes)), fc.array(fc.constantFrom(...outcomes)), (before, after) => {
        const end = [...before, outcomes[0]!, ...after].reduce(
          told,
          aCharge({ status: 'processing', attemptOpen: true, attempts: 1 }),
        );
        expect(end).toMatchObject({ status: 'succeeded', nextTryMs: null, attemptOpen: false, paymentIntent: 'pi_1' });
      }),
    );
  });

  // Guarantee: nothing but the charge's own amount in its own currency makes it paid, and what is about something else
  // is never confirmed.
  it(
    'about another amount or currency leaves it waiting for a person, whatever is told after that, and nothing ' +
      'is sent any more',
    () => {
      const others = [
        { amountMinor: 9_999n, currency: 'BRL' },
        { amountMinor: 10_000n, currency: 'USD' },
        { amountMinor: 0n, currency: 'BRL' },
      ];
      for (const other of others) {
        for (const outcome of outcomes.slice(0, 4)) {
          const waiting = told(aCharge({ status: 'processing', attemptOpen: true, attempts: 1 }), {
            ...outcome,
            sum: other,
          } as CallOutcome);
          expect(waiting).toMatchObject({
            status: 'requires_action',
            reason: 'amount_differs',
            paymentIntent: 'pi_1',
            nextTryMs: null,
            attemptOpen: false,
          });
          expect(told(waiting, { ...outcome, sum: other } as CallOutcome)).toBe(waiting);
          const asked = evolve(waiting, { type: 'RetryRequested', by: 'admin', nextTryMs: nowMs });
          expect(nextStep(asked, { payer, last: null, nowMs })).toEqual({ do: 'look_up', paymentIntent: 'pi_1' });
          expect(told(asked, { ...outcome, sum: other } as CallOutcome)).toMatchObject({
            status: 'requires_action',
            nextTryMs: null,
          });
        }
        const cancelled = aCharge({ status: 'cancelled', nextTryMs: null });
        expect(told(cancelled, { is: 'succeeded', paymentIntent: 'pi_1', sum: other })).toMatchObject({
          status: 'requires_action',
          reason: 'amount_differs',
        });
      }
    },
  );

  it('after a cancellation counts only when it is a payment', () => {
    const cancelled = aCharge({ status: 'cancelled', nextTryMs: null });
    for (const outcome of outcomes.slice(1)) expect(afterOutcome(cancelled, outcome, at)).toBeNull();
    expect(told(cancelled, outcomes[0]!).status).toBe('succeeded');
  });

  it('pauses longer after each refusal and then stops; while there is an outage it never stops trying', () => {
    const refused = (refusals: number) => told(aCharge({ refusals, attempts: 1 }), outcomes[2]!).nextTryMs;
    const pauses = Array.from({ length: 6 }, (_, refusals) => (refused(refusals) ?? 0) - nowMs);
    expect(pauses).toEqual([1, 6, 24, 48, 96, 168].map((hours) => hours * 3_600_000));
    expect(refused(6)).toBeNull();
    const waited = (unanswered: number) =>
      (told(aCharge({ unanswered, attempts: 1 }), outcomes[6]!).nextTryMs ?? 0) - nowMs;
    expect([0, 1, 5, 9, 10, 1_000].map(waited)).toEqual([1_000, 2_000, 32_000, 512_000, 600_000, 600_000]);
  });

  it('shows processing as pending, which is settled only while nobody can hurry it', () => {
    expect(shownStatus({ status: 'processing' })).toBe('pending');
    expect(isSettled({ status: 'pending', reason: null, attemptOpen: false })).toBe(false);
    expect(isSettled({ status: 'pending', reason: 'no_customer', attemptOpen: false })).toBe(true);
    expect(isSettled({ status: 'processing', reason: null, attemptOpen: true })).toBe(false);
    expect(isSettled({ status: 'processing', reason: null, attemptOpen: false })).toBe(true);
  });
});
