import { describe, expect, it } from '@jest/globals';
import type { LedgerRequest } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import { ConsumptionMemory } from '../../testing/consumption-memory.ts';
import { ConsumptionQueue, type QueuedUsage } from './consumption-queue.ts';

const row = (id: string, more: Partial<QueuedUsage> = {}): QueuedUsage => ({
  id,
  userId: `user-${id}`,
  used: 1n,
  operationType: 'chat',
  metadata: {},
  recordedAt: '2026-11-27T12:00:00.000Z',
  ...more,
});
const deep = (levels: number): Record<string, unknown> => (levels === 0 ? {} : { a: deep(levels - 1) });

/** A queue in memory and a log that may refuse. */
function queueOf(rows: readonly QueuedUsage[], refuse: (requests: readonly LedgerRequest[]) => unknown = () => null) {
  const store = new ConsumptionMemory();
  for (const usage of rows) store.add(usage);
  const told: string[] = [];
  const sizes: number[] = [];
  const queue = new ConsumptionQueue({
    dated: true,
    onSetAside: (id) => told.push(id),
    store,
    ledgerClient: {
      post: (requests) => {
        const error = refuse(requests);
        if (error !== null) return Promise.reject(error as Error);
        sizes.push(Buffer.byteLength(JSON.stringify(requests)));
        return Promise.resolve([]);
      },
    },
  });
  return { queue, store, told, sizes };
}

describe('usage queued by SQL', () => {
  // Guarantee: one row stops nobody's metering, and nobody's row disappears without a word.
  it.each<[string, Partial<QueuedUsage>, RegExp]>([
    [
      'of an id with control characters',
      { userId: 'a\u0007b' },
      /^REQUEST_INVALID: user_id: an account id has no control characters/,
    ],
    ['of an id that paths cannot hold', { userId: '..' }, /^REQUEST_INVALID: user_id/],
    ['nested too deep', { metadata: deep(70) }, /^REQUEST_INVALID: metadata/],
    ['larger than an append', { metadata: { text: 'x'.repeat(300_000) } }, /^REQUEST_INVALID: the row has \d+ bytes/],
    [
      'that nothing can be made of',
      {
        metadata: {
          toJSON: () => {
            throw new TypeError('no');
          },
        },
      },
      /^INVARIANT_BROKEN: TypeError/,
    ],
  ])('goes on past a row %s, which is set aside with its reason and told', async (_name, bad, reason) => {
    const { queue, store, told } = queueOf([row('1'), row('2', bad), row('3')]);
    await queue.drain();
    expect([store.taken, told, await store.waiting(9)]).toEqual([['1', '3'], ['2'], []]);
    expect(store.aside.get('2')).toMatch(reason);
  });

  it('goes on past a row that the log refuses among others', async () => {
    const { queue, store } = queueOf([row('1'), row('2'), row('3')], (requests) =>
      requests.some(({ id }) => id === '2') ? new RangeError('too large') : null,
    );
    await queue.drain();
    expect([store.taken, [...store.aside]]).toEqual([['1', '3'], [['2', 'INVARIANT_BROKEN: RangeError: too large']]]);
  });

  it('waits whole while the log is away', async () => {
    const away = new AppError('unavailable', 'LOG_UNAVAILABLE', 'away');
    const { queue, store } = queueOf([row('1'), row('2')], () => away);
    await expect(queue.drain()).rejects.toBe(away);
    expect([store.taken, store.aside.size, (await store.waiting(9)).length]).toEqual([[], 0, 2]);
  });

  it('goes to the log in appends that a broker takes, in order', async () => {
    const rows = Array.from({ length: 250 }, (_, n) =>
      row(String(n).padStart(3, '0'), { metadata: { text: 'x'.repeat(30_000) } }),
    );
    const { queue, store, sizes } = queueOf(rows);
    await queue.drain();
    expect(store.taken).toEqual(rows.map(({ id }) => id));
    expect(Math.max(...sizes)).toBeLessThan(300_000);
  });
});
