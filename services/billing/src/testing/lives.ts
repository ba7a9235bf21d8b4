import { createPool } from '@tollgate/persistence';
import type { Pool } from 'pg';

import type { ChargeStore, LockedCharge, Payments } from '../charges/app/charge-ports.ts';
import { advance } from '../charges/app/charge-worker.ts';
import { chargeStore } from '../charges/postgres/charge-store.ts';
import { stripePayments } from '../charges/stripe/stripe-payments.ts';
import type { LockedRefund, Refunds } from '../refunds/app/refund-ports.ts';
import { advanceRefund } from '../refunds/app/refunding.ts';
import { refundStore } from '../refunds/postgres/refund-store.ts';
import { stripeRefunds } from '../refunds/stripe/stripe-refunds.ts';
import { stripeClient } from '../stripe/stripe-client.ts';
import type { TopUpPayments } from '../topups/app/ports.ts';
import { advance as advanceTopUp } from '../topups/app/top-up-worker.ts';
import { topUpGrants } from '../topups/log/top-up-grants.ts';
import { topUpStore } from '../topups/postgres/top-up-store.ts';
import { stripeTopUps } from '../topups/stripe/stripe-top-ups.ts';
import type { MoneyHarness } from './money-harness.ts';

class Crash extends Error {}

/** A process that died tells nobody and records nothing any more. */
const rethrow = (error: unknown): never => {
  throw error;
};

/** Counts the calls of ports, and dies before or after the one it is told to. */
class Mortal {
  calls = 0;
  readonly #dieAt: number;
  constructor(dieAt: number) {
    this.#dieAt = dieAt;
  }
  /** Each call has two moments: before it has any effect, and when it has had it and nobody knows. */
  async call<T>(work: () => Promise<T>): Promise<T> {
    if (this.calls++ === this.#dieAt) throw new Crash();
    const result = await work();
    if (this.calls++ === this.#dieAt) throw new Crash();
    return result;
  }
}

/** New instances that each work once on a charge or refund, and may die at one of their calls. */
export class Lives {
  readonly #money: MoneyHarness;
  constructor(money: MoneyHarness) {
    this.#money = money;
  }

  /**
   * One step of a charge; answers how many moments it had. `during`: what happens while a call to Stripe is under way.
   */
  charge(id: string, dieAt = -1, during: () => Promise<unknown> = () => Promise.resolve()): Promise<number> {
    return this.#life(dieAt, async (mortal, { store, clock }) => {
      const real = stripePayments(stripeClient(this.#money.stripe));
      const payments: Payments = {
        send: (attempt) =>
          mortal.call(async () => {
            const outcome = await real.send(attempt);
            await during();
            return outcome;
          }),
        retrieve: (intent) => mortal.call(() => real.retrieve(intent)),
        find: (of) => mortal.call(() => real.find(of)),
      };
      const mortalLock = (locked: LockedCharge): LockedCharge => ({
        read: () => mortal.call(() => locked.read()),
        record: (decide, nowMs) => mortal.call(() => locked.record(decide, nowMs)),
      });
      await store.lock(id, (locked) =>
        advance(
          { payments, clock, jitter: () => 0.5, onChange: () => undefined, onFailure: rethrow },
          mortalLock(locked),
        ),
      );
    });
  }

  /** One step of a refund. */
  refund(id: string, dieAt = -1): Promise<number> {
    return this.#life(dieAt, async (mortal, { pool, lockPool, clock }) => {
      const real = stripeRefunds(stripeClient(this.#money.stripe));
      const refunds: Refunds = {
        send: (attempt) => mortal.call(() => real.send(attempt)),
        ofPayment: (intent) => mortal.call(() => real.ofPayment(intent)),
        creditsOf: (customer) => mortal.call(() => real.creditsOf(customer)),
      };
      const mortalLock = (locked: LockedRefund): LockedRefund => ({
        read: () => mortal.call(() => locked.read()),
        record: (decide, nowMs) => mortal.call(() => locked.record(decide, nowMs)),
      });
      await refundStore(pool, lockPool).lock(id, (locked) =>
        advanceRefund({ refunds, clock, onChange: () => undefined, onFailure: rethrow }, mortalLock(locked)),
      );
    });
  }

  /** One step of a top-up. */
  topUp(id: string, dieAt = -1): Promise<number> {
    return this.#life(dieAt, async (mortal, { pool, lockPool, clock }) => {
      const real = stripeTopUps(stripeClient(this.#money.stripe));
      const give = topUpGrants(this.#money.log);
      const { ledger } = this.#money.wallets;
      const store = topUpStore(pool, lockPool);
      const payments: TopUpPayments = {
        create: (topUp) => mortal.call(() => real.create(topUp)),
        cancel: (intent) => mortal.call(() => real.cancel(intent)),
        retrieve: (intent) => mortal.call(() => real.retrieve(intent)),
        find: (topUp) => mortal.call(() => real.find(topUp)),
      };
      await store.lock(id, (locked) =>
        advanceTopUp(
          {
            store,
            payments,
            ledger: { ...ledger, requestOutcomes: (query) => mortal.call(() => ledger.requestOutcomes(query)) },
            give: (topUp) => mortal.call(() => give(topUp)),
            clock,
            onFailure: rethrow,
          },
          {
            read: () => mortal.call(() => locked.read()),
            record: (decide, nowMs) => mortal.call(() => locked.record(decide, nowMs)),
          },
        ),
      );
    });
  }

  async #life(
    dieAt: number,
    work: (
      mortal: Mortal,
      on: { store: ChargeStore; pool: Pool; lockPool: Pool; clock: MoneyHarness['clock'] },
    ) => Promise<void>,
  ): Promise<number> {
    const { databaseUrl: url, clock } = this.#money;
    const [pool, lockPool] = [
      createPool({ url, max: 2, applicationName: 'life' }),
      createPool({ url, max: 1, applicationName: 'life' }),
    ];
    const mortal = new Mortal(dieAt);
    try {
      await work(mortal, { store: chargeStore(pool, lockPool), pool, lockPool, clock });
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    } finally {
      await Promise.all([pool.end(), lockPool.end()]);
    }
    return mortal.calls;
  }
}
