import { expect, it } from '@jest/globals';

import { chargeOf, megabytes, shownName, usage } from './optimize.ts';

it('charges whole kibibytes, rounded up', () => {
  expect([1, 1_024, 1_025, 1_048_576, 20_971_520].map(chargeOf)).toEqual([
    1_024n,
    1_024n,
    2_048n,
    1_048_576n,
    20_971_520n,
  ]);
});

it('shows megabytes to two decimals, and never less than nothing remaining', () => {
  expect(['0', '1024', '5243', '1048576', '1048576000', '5242880000'].map(megabytes)).toEqual([
    0, 0, 0.01, 1, 1000, 5000,
  ]);
  expect(usage({ limit: 1_048_576_000n, used: 1_048_576n })).toEqual({ used_mb: 1, remaining_mb: 999, limit_mb: 1000 });
  expect(usage({ limit: 1n, used: 1_048_576n })).toEqual({ used_mb: 1, remaining_mb: 0, limit_mb: 0 });
});

it('shows the name of a file, and no path', () => {
  const names = [
    'a.jpg',
    '../../etc/passwd',
    'C:\\x\\y.png',
    'é\u0000\u001b[31m.gif',
    '',
    undefined,
    '/',
    '\ud800.png',
    'x'.repeat(300),
  ];
  expect(names.map(shownName)).toEqual([
    'a.jpg',
    'passwd',
    'y.png',
    'é[31m.gif',
    'file',
    'file',
    'file',
    '\ufffd.png',
    'x'.repeat(255),
  ]);
});
