import { describe, expect, it } from '@jest/globals';
import { fakeClock, waitFor } from '@tollgate/testing';

import { type Attempt, type Charge, evolve } from '../domain/charge.ts';
import type { ChargeStore, HeldCharge } from './charge-ports.ts';
import { startChargeWorker } from './charge-worker.ts';

const nowMs = Date.UTC(2026, 10, 21, 12);
const aCharge = (id: string): Charge => ({
  id,
  account: 'metered:u',
  userId: 'u',
  periodStartMs: Date.UTC(2026, 10, 1),
  periodEndMs: Date.UTC(2026, 11, 1),
  block: 1n,
  plan: 'default',
  billingTier: '8M-16M',
  amountMinor: 10_000n,
  currency: 'BRL',
  crossedMs: nowMs,
  status: 'pending',
  reason: null,
  paymentIntent: null,
  paidMs: null,
  attempts: 0,
  refusals: 0,
  unanswered: 0,
  attemptOpen: false,
  nextTryMs: nowMs,
  version: 1,
  creditedMs: null,
  owed: true,
  series: 0,
  cancelSent: false,
  creditNote: null,
});

/** Charges in memory, as far as the worker needs them. */
function charges(ids: readonly string[]): { readonly all: Map<string, Charge>; readonly store: ChargeStore } {
  const all = new Map(ids.map((id) => [id, aCharge(id)]));
  const lasts = new Map<string, Attempt>();
  const held = (id: string): HeldCharge => ({
    read: () =>
      Promise.resolve({
        charge: all.get(id)!,
        payer: { customerId: 'cus_1', paymentMethod: 'pm_1' },
        last: lasts.get(id) ?? null,
      }),
    record: (decide) => {
      const event = decide(all.get(id)!);
      if (event?.type === 'AttemptStarted') lasts.set(id, event.attempt);
      if (event !== null) all.set(id, evolve(all.get(id)!, event));
      return Promise.resolve(all.get(id)!);
    },
  });
  const due = (atMs: number): Promise<readonly string[]> =>
    Promise.resolve(
      [...all.values()].filter((charge) => charge.nextTryMs !== null && charge.nextTryMs <= atMs).map(({ id }) => id),
    );
  return {
    all,
    store: {
      due,
      hold: async (id: string, work: (held: HeldCharge) => Promise<void>) => (await work(held(id)), true),
    } as unknown as ChargeStore,
  };
}

describe('a mistake of our own in charging', () => {
  // Guarantee: one charge that trips over a defect is told with its stack, is looked up before it is sent again, and
  // stops no other.
  it('is told, waits like a call without an answer, and holds up no other charge', async () => {
    const bad = Array.from({ length: 8 }, (_, n) => `bad-${n}`);
    const { all, store } = charges([...bad, 'good']);
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
          if (attempt.key.startsWith('bad')) return Promise.reject(new TypeError('currency of undefined'));
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
    await waitFor('the last charge to be paid', () => Promise.resolve(all.get('good')?.status === 'succeeded'));
    await worker.stop();
    expect(told).toEqual(bad.map(() => expect.any(TypeError)));
    for (const id of bad)
      expect(all.get(id)).toMatchObject({
        status: 'processing',
        attemptOpen: true,
        reason: 'internal_error',
        nextTryMs: nowMs + 1_000,
      });
    expect(asked).toEqual([...bad, 'good']);
  });
});
