import { expect, it } from '@jest/globals';

import { needsTwo, parseFourEyes } from './four-eyes.ts';

const needs = (rule: string, amountMinor: bigint, currency = 'BRL'): boolean =>
  needsTwo(parseFourEyes(rule), { amountMinor, currency });

it('asks for a second person above the sum of the currency, not at it', () => {
  expect([needs('50000', 50_000n), needs('50000', 50_001n), needs('50000', 50_001n, 'USD')]).toEqual([
    false,
    true,
    true,
  ]);
  expect([
    needs('BRL=50000, usd=100', 50_000n),
    needs('BRL=50000,USD=100', 101n, 'USD'),
    needs('BRL=50000', 10n ** 12n, 'USD'),
  ]).toEqual([false, true, false]);
  expect([needs('BRL=50000,*=0', 1n, 'JPY'), needs('', 10n ** 12n)]).toEqual([true, false]);
});

it('says what is wrong with the setting', () => {
  for (const wrong of ['x', '-1', 'BRL', 'BRL=', 'XXQ=5', '1.5'])
    expect(() => parseFourEyes(wrong)).toThrow(/write 50000/);
});
