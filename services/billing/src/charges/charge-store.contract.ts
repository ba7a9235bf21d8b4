import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { ChargeStore, LockedCharge, NewCharge } from './app/charge-ports.ts';
import type { Attempt } from './domain/charge.ts';

export type ChargesUnderTest = {
  readonly store: Pick<ChargeStore, 'openMissing' | 'due' | 'lock' | 'byIds'>;
  close(): Promise<void>;
};

const nowMs = Date.UTC(2026, 10, 21, 12);
export const idOf = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;
/** A block of its own for each number from 1 on. */
export const newCharge = (n: number): NewCharge => ({
  id: idOf(n),
  account: 'metered:u',
  userId: 'u',
  periodStartMs: Date.UTC(2026, 10, 1),
  periodEndMs: Date.UTC(2026, 11, 1),
  block: BigInt(n),
  plan: 'default',
  billingTier: '8M-16M',
  amountMinor: 10_000n,
  currency: 'BRL',
  crossedMs: nowMs,
  entry: '1-1',
});
const attempt: Attempt = { number: 1, kind: 'create', key: idOf(3), request: { amount: '10000' }, startedMs: nowMs };

/** What a worker of charges relies on. */
export function chargesContract(name: string, open: () => Promise<ChargesUnderTest>): void {
  describe(`Charges ${name}`, () => {
    let under: ChargesUnderTest;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());

    it('are opened once, and due from then on, longest waiting first', async () => {
      const { store } = under;
      expect(await store.openMissing(newCharge(2), nowMs)).toBe(true);
      expect(await store.openMissing(newCharge(1), nowMs - 1)).toBe(true);
      expect(await store.openMissing(newCharge(2), nowMs + 5)).toBe(false);

      expect(await store.due(nowMs - 2, 10)).toEqual([]);
      expect(await store.due(nowMs, 10)).toEqual([idOf(1), idOf(2)]);
      expect(await store.due(nowMs, 1)).toEqual([idOf(1)]);
    });

    // Guarantee: two workers never send one charge to Stripe at a time.
    it('are worked on by one at a time, and by the next one after a failure', async () => {
      const { store } = under;
      let second: boolean | undefined;
      const first = await store.lock(idOf(1), async () => {
        second = await store.lock(idOf(1), () => Promise.resolve());
      });
      expect([first, second]).toEqual([true, false]);

      await expect(store.lock(idOf(1), () => Promise.reject(new Error('died')))).rejects.toThrow('died');
      expect(await store.lock(idOf(1), () => Promise.resolve())).toBe(true);
    });

    it('keep what is decided on them as they are, and nothing when nothing is', async () => {
      const { store } = under;
      await store.openMissing(newCharge(3), nowMs);
      const seen: Awaited<ReturnType<LockedCharge['read']>>[] = [];
      await store.lock(idOf(3), async (locked) => {
        seen.push(await locked.read());
        expect(await locked.record(() => null, nowMs)).toMatchObject({ version: 1, status: 'pending' });
        expect(await locked.record(() => ({ type: 'AttemptStarted', attempt }), nowMs)).toMatchObject({
          version: 2,
          status: 'processing',
          attempts: 1,
          attemptOpen: true,
        });
        seen.push(await locked.read());
      });

      expect(seen.map(({ charge, last }) => [charge.version, last])).toEqual([
        [1, null],
        [2, attempt],
      ]);
      expect(await store.byIds([idOf(3), idOf(9)])).toMatchObject([{ id: idOf(3), version: 2, status: 'processing' }]);
    });
  });
}
