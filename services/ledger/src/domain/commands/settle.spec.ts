import { describe, expect, it } from '@jest/globals';

import { budgeted, given, granted, held, nowMs, opened, released } from '../../testing/given.ts';

const settle = (amount: string, more: object = {}) =>
  ({ type: 'settle', account: 'w', data: { hold: 'h-0-1-3', amount, ...more } }) as const;
const reserved = [opened('w'), granted('w', 10n), held('w', 4n)] as const;

describe('a settlement', () => {
  it('of less spends that and gives the rest back', () => {
    const { hold, available } = given(...reserved)
      .when(settle('3'))
      .then({
        kind: 'settled',
        amount: -3n,
        balanceAfter: 7n,
        heldAfter: 0n,
        usedAfter: 3n,
        holdRows: [{ hold: 3, outcome: 'settled', settled: 3n }],
      });
    expect(available).toBe(7n);
    expect(hold).toMatchObject({ amount: '4', status: 'settled', settled_amount: '3' });
  });

  it('of more takes it from what is available, and leaves the hold where that is not enough', () => {
    given(...reserved)
      .when(settle('10'))
      .then({ amount: -10n, balanceAfter: 0n, heldAfter: 0n });
    given(...reserved)
      .when(settle('11'))
      .thenRefused('ALLOWANCE_EXHAUSTED', { refusal: { account: 'w', asked: '11', available: '10' } });
  });

  it('of 0 releases all of it', () => {
    given(...reserved)
      .when(settle('0'))
      .then({ kind: 'settled', amount: 0n, balanceAfter: 10n, heldAfter: 0n });
  });

  it('counts on the budgets that the hold was booked on', () => {
    given(
      opened('a', { kind: 'metered', settings: { limit: 9n } }),
      opened('a/b'),
      granted('a/b', 10n),
      held('a/b', 4n, { budgets: ['a'] }),
      budgeted('a', 0n, 4n),
    )
      .when({ type: 'settle', account: 'a/b', data: { hold: 'h-0-2-3', amount: '3' } })
      .then(
        { account: 'a/b', amount: -3n, heldAfter: 0n },
        { account: 'a', kind: 'budgeted', usedAfter: 3n, heldAfter: 0n },
      );
  });

  it('of a hold that is over is refused, or booked once as a spend where that was asked for', () => {
    const over = given(...reserved, released('w', 3));
    over.when(settle('3')).thenRefused('HOLD_ENDED');
    over.when(settle('3', { if_over: 'spend' })).then({
      kind: 'settled',
      amount: -3n,
      balanceAfter: 7n,
      holdRows: [{ outcome: 'settled', settled: 3n }],
    });
  });

  it('of an expired lot expires what the hold had kept of it', () => {
    given(opened('w'), granted('w', 10n, { expiresMs: nowMs + 5 }), held('w', 4n))
      .when({ ...settle('3'), at: nowMs + 5 })
      .then(
        // What no hold reserved expired at its time, before the request.
        { kind: 'expired', amount: -6n, balanceAfter: 4n },
        { kind: 'settled', amount: -3n, balanceAfter: 1n, heldAfter: 0n },
        { kind: 'expired', amount: -1n, balanceAfter: 0n },
      );
  });

  it('of another account is refused', () => {
    given(...reserved)
      .when(settle('1', { of: 'other' }))
      .thenRefused('HOLD_UNKNOWN');
  });

  // Guarantee: a settlement that is not booked leaves the hold open, for the rest of its batch too.
  it('that would leave the range of 64 bits on a budget ends no hold', () => {
    const { journal, thenRefused } = given(
      opened('a', { kind: 'quota' }),
      budgeted('a', 2n ** 63n - 1n, 4n),
      opened('a/b'),
      granted('a/b', 10n),
      held('a/b', 4n, { budgets: ['a'] }),
    ).when({ type: 'settle', account: 'a/b', data: { hold: 'h-0-2-3', amount: '3' } });
    thenRefused('AMOUNT_OUT_OF_RANGE');
    expect(journal.endedHold('h-0-2-3')).toBeUndefined();
  });
});
