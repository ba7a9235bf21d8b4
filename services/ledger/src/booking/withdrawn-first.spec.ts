import { describe, expect, it } from '@jest/globals';
import type { LogRecord } from '@tollgate/messaging';

import { booked } from '../testing/memory-booking.ts';

type Said = readonly [type: string, id: string, account: string, data: object];
const opening: Said = ['open', 'o', 'meter', { kind: 'metered', unit: 'u' }];
const spend = (id: string): Said => ['spend', id, 'meter', { amount: '1' }];
const withdraw = (type: string, id: string, more: object = {}): Said => [
  'withdraw',
  `w-${id}`,
  'meter',
  { source: `http:${type}`, id, ...more },
];

const logOf = (...requests: readonly Said[]): readonly LogRecord[] =>
  requests.map(([type, id, account, data], offset) => ({
    offset,
    timeMs: Date.UTC(2026, 10, 21),
    key: '',
    headers: {},
    value: JSON.stringify({ v: 1, type, source: `http:${type}`, id, account, data }),
  }));

// The log may take a request after its withdrawal, when the append was late rather than lost (rule 23).
describe('a request that comes after its withdrawal', () => {
  const entriesOf = async (records: readonly LogRecord[], size: number, restart: boolean) =>
    (await booked(records, size, restart)).entries.map(
      ({ kind, requestId, amount }) => `${kind} ${requestId} ${amount}`,
    );
  const inAnyBatches = async (records: readonly LogRecord[], expected: readonly string[]): Promise<void> => {
    for (let size = 1; size <= records.length; size++) {
      for (const restart of [false, true])
        expect([size, await entriesOf(records, size, restart)]).toEqual([size, expected]);
    }
  };

  it('is a duplicate, in the same batch or a later one, and harms nobody behind it', async () => {
    await inAnyBatches(
      logOf(opening, spend('a'), withdraw('spend', 'late'), spend('late'), spend('late'), spend('b')),
      ['opened o 0', 'spent a -1', 'withdrawn late 0', 'spent b -1'],
    );
  });

  it('is a duplicate too when it names an entry of its own batch, whose account was not known before', async () => {
    await inAnyBatches(
      logOf(opening, withdraw('correct', 'late'), spend('a'), ['correct', 'late', '', { entry: '0-3' }], spend('b')),
      ['opened o 0', 'withdrawn late 0', 'spent a -1', 'spent b -1'],
    );
  });
});
