import { expect, it } from '@jest/globals';
import fc from 'fast-check';

import { decodeBlob, encodeBlob, toLogRecords } from './blob.ts';

const anyText = fc.string({ unit: 'binary' });
const records = fc.array(
  fc.record({
    topic: fc.constant('t'),
    partition: fc.constant(0),
    key: anyText,
    value: anyText,
    headers: fc.dictionary(
      anyText.filter((name) => name !== '__proto__'),
      anyText,
      { noNullPrototype: true },
    ),
  }),
);

it('reads back what was written, whatever the text', () => {
  fc.assert(
    fc.property(records, (given) => {
      expect(decodeBlob(encodeBlob(given), 7, 99)).toEqual(toLogRecords(given, 7, 99));
    }),
  );
});

it('replaces half a surrogate pair, so that the next record keeps its place', () => {
  const given = ['\ud800', 'next'].map((value) => ({ topic: 't', partition: 0, key: '\udc00', value }));

  expect(decodeBlob(encodeBlob(given), 0, 0).map(({ value }) => value)).toEqual(['\ufffd', 'next']);
  expect(toLogRecords(given, 0, 0).map(({ key, value }) => key + value)).toEqual(['\ufffd\ufffd', '\ufffdnext']);
});
