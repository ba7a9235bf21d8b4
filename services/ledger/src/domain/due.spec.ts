import { describe, it } from '@jest/globals';

import { given, granted, held, nowMs, opened } from '../testing/given.ts';

const spend = (amount: string, at: number) => ({ type: 'spend', account: 'w', data: { amount }, at }) as const;

// Guarantee: rule 16; what is due is booked before the request that comes then, whether or not a tick came first.
describe('what has become due', () => {
  it('is booked before a request: a hold that expired reserves nothing of it', () => {
    given(opened('w'), granted('w', 10n), held('w', 4n, { expiresMs: nowMs + 5 }))
      .when(spend('10', nowMs + 5))
      .then(
        {
          kind: 'hold_expired',
          source: 'timer:hold',
          requestId: `3@${nowMs + 5}`,
          heldAfter: 0n,
          occurredMs: nowMs + 5,
        },
        { kind: 'spent', amount: -10n, balanceAfter: 0n },
      );
  });

  it('is not booked a millisecond before its time', () => {
    given(opened('w'), granted('w', 10n), held('w', 4n, { expiresMs: nowMs + 5 }))
      .when(spend('6', nowMs + 4))
      .then({ kind: 'spent', amount: -6n, balanceAfter: 4n, heldAfter: 4n });
  });

  it('takes what is left of a grant at its expiry', () => {
    given(opened('w'), granted('w', 10n), granted('w', 7n, { expiresMs: nowMs + 5 }))
      .when(spend('1', nowMs + 5))
      .then(
        { kind: 'expired', amount: -7n, lot: 3, balanceAfter: 10n },
        { kind: 'spent', amount: -1n, lot: 2, balanceAfter: 9n },
      );
  });

  it('is booked in the order of due times', () => {
    given(
      opened('w'),
      granted('w', 10n),
      granted('w', 7n, { expiresMs: nowMs + 9 }),
      held('w', 4n, { expiresMs: nowMs + 5 }),
    )
      .when(spend('1', nowMs + 20))
      .then({ kind: 'hold_expired' }, { kind: 'expired', amount: -7n }, { kind: 'spent', balanceAfter: 9n });
  });

  it('refills an allowance once, however many periods have passed', () => {
    const day = 86_400_000;
    const period = { startMs: nowMs, endMs: nowMs + day };
    const counterRows = [{ period, used: 0n, highWater: 0n, usedBefore: 0n }];
    const { entry } = granted('w', 3n);
    given(opened('w', { kind: 'credits', settings: { allowance: 10n, period: 'P1D' } }), {
      account: 'w',
      entry: (before) => ({ ...entry(before), periodStartMs: nowMs, counterRows }),
    })
      .when(spend('1', nowMs + 3 * day))
      .then(
        { kind: 'reset', amount: 7n, balanceAfter: 10n, occurredMs: nowMs + 3 * day },
        { kind: 'spent', amount: -1n, balanceAfter: 9n },
      );
  });
});
