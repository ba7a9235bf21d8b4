import { expect, it } from '@jest/globals';

import { csvCell } from './csv.ts';

// Guarantee: no text of a client becomes a formula in a spreadsheet of finance.
it('has no spreadsheet run what a text begins with, however its sign is written', () => {
  for (const text of ['=1+1', '+1+1', '-1+1', '@SUM(A1)', '＝1+1', '＋1+1', '－1+1', '＠SUM(A1)'])
    expect(csvCell(text)).toBe(`'${text}`);
  for (const text of ['\t=1', '\r=1', '\n=1', '\r\n=1', '\n＝1']) expect(csvCell(text)).toMatch(/^"?'/);
  expect(csvCell('\n=cmd')).toBe('"\'\n=cmd"');
});

it('leaves numbers and other texts as they are', () => {
  expect(['-5', '-100.00', '0', 'a-b', 'a＝b', '', null, undefined].map(csvCell)).toEqual([
    '-5',
    '-100.00',
    '0',
    'a-b',
    'a＝b',
    '',
    '',
    '',
  ]);
  expect(csvCell('a,"b"')).toBe('"a,""b"""');
});
