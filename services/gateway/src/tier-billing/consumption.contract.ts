import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { ConsumptionStore, QueuedUsage } from './app/consumption-queue.ts';

export type ConsumptionUnderTest = {
  readonly store: ConsumptionStore;
  /** As SQL queues it. */
  add(usage: QueuedUsage): Promise<void>;
  close(): Promise<void>;
};

const usage = (n: number): QueuedUsage => ({
  id: `00000000-0000-4000-8000-00000000000${n}`,
  userId: 'user-1',
  used: 9_007_199_254_740_991n,
  operationType: 'chat',
  clientId: undefined,
  metadata: { n },
  recordedAt: `2026-11-28T00:00:0${n}.000Z`,
});

/** What every `ConsumptionStore` keeps. */
export function consumptionStoreContract(name: string, open: () => Promise<ConsumptionUnderTest>): void {
  describe(`Queued usage ${name}`, () => {
    let under: ConsumptionUnderTest;
    beforeAll(async () => {
      under = await open();
      for (const n of [3, 1, 2, 4]) await under.add(usage(n));
    });
    afterAll(() => under.close());

    it('waits in the order in which it was recorded', async () => {
      expect(await under.store.waiting(3)).toEqual([usage(1), usage(2), usage(3)]);
    });

    it('that the log has waits no more', async () => {
      await under.store.appended([usage(1).id]);

      expect((await under.store.waiting(9)).map(({ id }) => id)).toEqual([2, 3, 4].map((n) => usage(n).id));
    });

    it('that was set aside stops no other', async () => {
      await under.store.setAside(usage(2).id, 'REQUEST_INVALID: no');

      expect((await under.store.waiting(9)).map(({ id }) => id)).toEqual([3, 4].map((n) => usage(n).id));
    });

    it('is removed once the log has had it for long enough, and never before', async () => {
      await under.store.prune(Date.now() + 60_000);
      await under.store.appended([usage(3).id]);
      await under.store.prune(Date.now() - 60_000);

      expect((await under.store.waiting(9)).map(({ id }) => id)).toEqual([usage(4).id]);
    });
  });
}
