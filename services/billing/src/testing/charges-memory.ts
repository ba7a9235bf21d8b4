import { invariant } from '@tollgate/kernel';

import type { ChargeStore, LockedCharge, NewCharge } from '../charges/app/charge-ports.ts';
import { type Attempt, type Charge, evolve } from '../charges/domain/charge.ts';

/** Charges in memory, as far as the worker needs them; they pass the contract of those on PostgreSQL. */
export class ChargesMemory implements Pick<ChargeStore, 'openMissing' | 'due' | 'lock' | 'byIds'> {
  readonly #charges = new Map<string, { charge: Charge; last: Attempt | null }>();
  readonly #locked = new Set<string>();

  openMissing(charge: NewCharge, nowMs: number): Promise<boolean> {
    if (this.#charges.has(charge.id)) return Promise.resolve(false);
    this.#charges.set(charge.id, { charge: opened(charge, nowMs), last: null });
    return Promise.resolve(true);
  }

  due(nowMs: number, limit: number): Promise<readonly string[]> {
    const due = [...this.#charges.values()]
      .map(({ charge: { id, nextTryMs } }) => ({ id, nextTryMs: nextTryMs ?? Infinity }))
      .filter(({ nextTryMs }) => nextTryMs <= nowMs)
      .sort((a, b) => a.nextTryMs - b.nextTryMs);
    return Promise.resolve(due.slice(0, limit).map(({ id }) => id));
  }

  async lock(id: string, work: (locked: LockedCharge) => Promise<void>): Promise<boolean> {
    if (this.#locked.has(id)) return false;
    this.#locked.add(id);
    try {
      await work(this.#lockedOf(id));
      return true;
    } finally {
      this.#locked.delete(id);
    }
  }

  byIds(ids: readonly string[]): Promise<readonly Charge[]> {
    return Promise.resolve(ids.flatMap((id) => this.#charges.get(id)?.charge ?? []));
  }

  #lockedOf(id: string): LockedCharge {
    const found = this.#charges.get(id);
    invariant(found !== undefined, 'a locked charge exists');
    return {
      read: () => Promise.resolve({ ...found, payer: { customerId: 'cus_1', paymentMethod: 'pm_1' } }),
      record: (decide) => {
        const event = decide(found.charge);
        if (event?.type === 'AttemptStarted') found.last = event.attempt;
        if (event !== null) found.charge = evolve(found.charge, event);
        return Promise.resolve(found.charge);
      },
    };
  }
}

const opened = ({ entry: _, ...charge }: NewCharge, nowMs: number): Charge => ({
  ...charge,
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
