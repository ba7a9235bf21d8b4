import { describe, expect, it } from '@jest/globals';
import { fakeClock, waitFor } from '@tollgate/testing';

import { ChargesMemory } from '../../testing/charges-memory.ts';
import { chargesContract, idOf, newCharge } from '../charge-store.contract.ts';
import type { Charge } from '../domain/charge.ts';
import { startChargeWorker } from './charge-worker.ts';

const nowMs = Date.UTC(2026, 10, 21, 12);

chargesContract('in memory', () => Promise.resolve({ store: new ChargesMemory(), close: () => Promise.resolve() }));

describe('a mistake of our own in charging', () => {
  // Guarantee: one charge that trips over a defect is told with its stack, is looked up before it is sent again, and
  // stops no other.
  it('is told, waits like a call without an answer, and holds up no other charge', async () => {
    const bad = [1, 2, 3, 4, 5, 6, 7, 8].map(idOf);
    const good = idOf(9);
    const store = new ChargesMemory();
    for (let n = 1; n <= 9; n++) await store.openMissing(newCharge(n), nowMs);
    const chargeOf = async (id: string): Promise<Charge | undefined> => (await store.byIds([id]))[0];
    const told: unknown[] = [];
    const asked: string[] = [];
    const worker = startChargeWorker({
      store,
      clock: fakeClock(nowMs),
      concurrency: 2,
      jitter: () => 0.5,
      onChange: () => undefined,
      onFailure: (error) => told.push(error),
      payments: {
        send: (attempt) => {
          asked.push(attempt.key);
          if (attempt.key !== good) return Promise.reject(new TypeError('currency of undefined'));
          return Promise.resolve({
            is: 'succeeded',
            paymentIntent: 'pi_1',
            sum: { amountMinor: 10_000n, currency: 'BRL' },
          });
        },
        retrieve: () => Promise.reject(new Error('not asked')),
        find: () => Promise.resolve(null),
      },
    });
    await waitFor('the last charge to be paid', async () => (await chargeOf(good))?.status === 'succeeded');
    await worker.stop();
    expect(told).toEqual(bad.map(() => expect.any(TypeError)));
    for (const id of bad)
      expect(await chargeOf(id)).toMatchObject({
        status: 'processing',
        attemptOpen: true,
        reason: 'internal_error',
        nextTryMs: nowMs + 1_000,
      });
    expect(asked).toEqual([...bad, good]);
  });
});
