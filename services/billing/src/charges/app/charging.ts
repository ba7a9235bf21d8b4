import { setTimeout as delay } from 'node:timers/promises';

import type { ChargeStatusView, MoneyQueries } from '@tollgate/contracts';
import { AppError, type Clock } from '@tollgate/kernel';

import type { Charge } from '../domain/charge.ts';
import { isSettled, shownStatus } from '../domain/charging.ts';
import type { ChargeStore, Crossing } from './charge-ports.ts';
import { makeOpenCharge } from './open-charge.ts';

/** Wakes those who wait for a change of some charge; another instance's changes are found by polling. */
const pollMs = 50;
const manyCharges = 200;

type Parts = {
  readonly store: ChargeStore;
  readonly clock: Clock;
  readonly wakeWorker: () => void;
  readonly wakeOutbox: () => void;
};
type Queries = Pick<MoneyQueries, 'chargeStatuses' | 'listCharges' | 'retryCharge'>;

/** Charges as crossings open them, and as administrators and surfaces ask for them. */
export class Charging {
  readonly openCharge: (crossing: Crossing) => Promise<void>;
  readonly queries: Queries;
  readonly #parts: Parts;
  #waiting = new Set<() => void>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.openCharge = makeOpenCharge({
      store: parts.store,
      nowMs: () => parts.clock.nowMs(),
      wake: () => {
        parts.wakeWorker();
        parts.wakeOutbox();
      },
    });
    this.queries = {
      chargeStatuses: (query) => this.#statuses(query),
      listCharges: (query) => parts.store.list(query),
      retryCharge: (query) => this.#retry(query),
    };
  }

  /** A charge has changed. */
  readonly changed = (): void => {
    this.#parts.wakeOutbox();
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  };

  /** Users who have a payer or a method now: what waited for that, or was refused, is tried at once. */
  async payerChanged(userIds: readonly string[]): Promise<void> {
    const { store, clock } = this.#parts;
    for (const userId of userIds) {
      for (const id of await store.openOf(userId)) {
        const nowMs = clock.nowMs();
        await store.record(
          id,
          (charge) => (isWaiting(charge) ? { type: 'RetryRequested', by: 'payment_method', nextTryMs: nowMs } : null),
          nowMs,
        );
      }
    }
    this.#parts.wakeWorker();
  }

  async #statuses({
    ids,
    wait_ms: waitMs = 0,
    remember = false,
  }: Parameters<Queries['chargeStatuses']>[0]): ReturnType<Queries['chargeStatuses']> {
    const { store } = this.#parts;
    const known = remember ? await store.remembered(ids) : null;
    const deadline = performance.now() + waitMs;
    let charges: ReadonlyMap<string, Charge>;
    for (;;) {
      charges = new Map((await store.byIds(ids)).map((charge) => [charge.id, charge]));
      const left = deadline - performance.now();
      const settled = (id: string): boolean => isSettled(charges.get(id) ?? unheardOf);
      if (known !== null || left <= 0 || ids.every(settled)) break;
      // With thousands of charges, reading them again on every change would cost more than it tells.
      if (ids.length > manyCharges) await delay(Math.min(ids.length / 20, left));
      else await this.#change(Math.min(pollMs, left));
    }
    const shown = ids.map((id) => viewOf(id, charges.get(id)));
    if (!remember) return shown;
    return known === null
      ? store.remember(shown)
      : shown.map((each) => ({ ...each, status: known.get(each.id) ?? each.status }));
  }

  #change(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      this.#waiting.add(done);
    });
  }

  async #retry({ id, by, address }: Parameters<Queries['retryCharge']>[0]): ReturnType<Queries['retryCharge']> {
    const { store, clock, wakeWorker } = this.#parts;
    const nowMs = clock.nowMs();
    const charge = await store.record(
      id,
      (now) => {
        if (now.status === 'succeeded' || now.status === 'cancelled') {
          throw new AppError('conflict', 'CHARGE_NOT_RETRYABLE', `The charge is ${now.status}`);
        }
        return { type: 'RetryRequested', by, address: address ?? null, nextTryMs: nowMs };
      },
      nowMs,
    );
    if (charge === null) return null;
    wakeWorker();
    const deadline = performance.now() + retryWaitMs;
    for (let left = retryWaitMs; left > 0; left = deadline - performance.now()) {
      const [now] = await store.byIds([id]);
      if (now !== undefined && now.version > charge.version && isSettled(now)) break;
      await this.#change(Math.min(pollMs, left));
    }
    return store.view(id);
  }
}

/** The same time that process-usage waits. */
const retryWaitMs = 2_000;
const unheardOf = { status: 'pending', reason: null, attemptOpen: false } as const;

/** Not under way: nobody works on it, and Stripe does not either. */
const isWaiting = ({ status }: Charge): boolean =>
  status === 'pending' || status === 'failed' || status === 'requires_action';

const viewOf = (id: string, charge: Charge | undefined): ChargeStatusView =>
  charge === undefined
    ? { id, status: 'pending' }
    : {
        id,
        status: shownStatus(charge),
      };
