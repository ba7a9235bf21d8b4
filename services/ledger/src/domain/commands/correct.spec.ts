import { describe, expect, it } from '@jest/globals';

import { given, granted, held, nowMs, opened, released, spent } from '../../testing/given.ts';

const correct = (seq: number, amount?: string) =>
  ({
    type: 'correct',
    account: 'w',
    data: { entry: `0-${seq}`, ...(amount === undefined ? {} : { amount }) },
  }) as const;
const used = [opened('w'), granted('w', 10n), spent('w', 4n, { lot: 2 })] as const;

describe('a correction', () => {
  it('of usage gives it back as a lot with the terms of the one it burned', () => {
    const { available } = given(...used)
      .when(correct(3))
      .then({
        kind: 'corrected',
        amount: 4n,
        balanceAfter: 10n,
        usedAfter: 0n,
        corrects: 3,
        contra: 'usage',
        lot: 4,
        lotLeft: 4n,
      });
    expect(available).toBe(10n);
  });

  it('gives back a part, and no more than was taken', () => {
    given(...used)
      .when(correct(3, '3'))
      .then({ amount: 3n, balanceAfter: 9n, usedAfter: 1n });
    given(...used)
      .when(correct(3, '5'))
      .thenRefused('ENTRY_NOT_CORRECTABLE', { detail: '4 of the entry are left to give back' });
  });

  it('of the first entry of a spend stands for all lots that it burned', () => {
    given(
      opened('w'),
      granted('w', 3n),
      granted('w', 7n),
      spent('w', 3n, { lot: 2, id: 's' }),
      spent('w', 1n, { lot: 3, id: 's' }),
    )
      .when(correct(4))
      .then({ ordinal: 0, amount: 3n, corrects: 4 }, { ordinal: 1, amount: 1n, corrects: 5, balanceAfter: 10n });
  });

  it('of a grant takes it back as far as its units are there', () => {
    given(opened('w'), granted('w', 10n))
      .when(correct(2))
      .then({ amount: -10n, balanceAfter: 0n, lotLeft: 0n, contra: 'grants' });
    given(...used)
      .when(correct(2))
      .thenRefused('ENTRY_NOT_CORRECTABLE', { detail: '6 units of the grant are left' });
  });

  it('of units whose lot has expired lets them expire at once', () => {
    given(opened('w'), granted('w', 10n, { expiresMs: nowMs + 5 }), spent('w', 10n, { lot: 2 }))
      .when({ ...correct(3), at: nowMs + 5 })
      .then(
        { kind: 'corrected', amount: 10n, balanceAfter: 10n },
        { kind: 'expired', amount: -10n, balanceAfter: 0n, occurredMs: nowMs + 5 },
      );
  });

  it('makes a licence that ran out usable again', () => {
    given(opened('l', { kind: 'licence', status: 'inactive' }), granted('l', 1n), spent('l', 1n, { lot: 2 }))
      .when({ ...correct(3), account: 'l' })
      .then({ amount: 1n, balanceAfter: 1n, terms: { status: 'active' } });
  });

  it('of an entry that moved nothing, or of none, is refused', () => {
    given(opened('w'), granted('w', 10n), held('w', 4n), released('w', 3))
      .when(correct(3))
      .thenRefused('ENTRY_NOT_CORRECTABLE');
    given(...used)
      .when(correct(9))
      .thenRefused('ENTRY_UNKNOWN');
    given(...used)
      .when({ ...correct(3), data: { entry: '1-3' } })
      .thenRefused('ENTRY_UNKNOWN');
  });
});
