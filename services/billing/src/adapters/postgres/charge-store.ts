import { invariant } from '@tollgate/kernel';
import { withTransaction } from '@tollgate/persistence';
import type { Pool, PoolClient } from 'pg';
import type { ChargeStore, Crossing, HeldCharge, NewCharge } from '../../app/charge-ports.ts';
import { evolve, type Charge, type ChargeEvent } from '../../domain/charge.ts';
import { shownStatus } from '../../domain/charging.ts';
import { chargeViews, guarded } from './charge-views.ts';
import { dateOf, fromRowAttempt, fromRowCharge, type AttemptRow, type ChargeRow } from './charge-row.ts';
import {
  chargeById, chargesByIds, dueCharges, endHold, insertAttempt, insertCharge, insertEvent, insertOutbox, lastAttempt, lockCharge, lockPosition,
  payerOf, preparePosition, setPosition, tryHold, updateCharge,
} from './sql/charges.sql.ts';

/** `ChargeStore` on PostgreSQL. `holders`: the pool whose sessions hold charges. Loss of the database is AppError('unavailable'). */
export function chargeStore(pool: Pool, holders: Pool): ChargeStore {
  return {
    open: (crossing, charge, nowMs) => guarded(() => withTransaction(pool, (tx) => open(tx, crossing, charge, nowMs))),
    due: (nowMs, limit) => guarded(async () => (await pool.query<{ id: string }>(dueCharges, [new Date(nowMs), limit])).rows.map(({ id }) => id)),
    hold: (id, work) => hold(holders, id, work),
    record: (id, decide, nowMs) => guarded(() => withTransaction(pool, (tx) => record(tx, id, decide, nowMs))),
    byIds: (ids) => guarded(async () => (await pool.query<ChargeRow>(chargesByIds, [ids])).rows.map(fromRowCharge)),
    ...chargeViews(pool),
  };
}

async function open(tx: PoolClient, crossing: Crossing, charge: NewCharge, nowMs: number): Promise<boolean> {
  const { partition, partitionSeq, block } = crossing;
  await tx.query(preparePosition, [partition]);
  const last = (await tx.query<{ partition_seq: bigint; block: bigint }>(lockPosition, [partition])).rows[0];
  invariant(last !== undefined, 'a position that was inserted can be locked');
  if (partitionSeq < last.partition_seq || (partitionSeq === last.partition_seq && block <= last.block)) return false;
  await tx.query(setPosition, [partition, partitionSeq, block]);
  const { rowCount } = await tx.query(insertCharge, [
    charge.id, charge.account, charge.userId, new Date(charge.periodStartMs), new Date(charge.periodEndMs), charge.block, charge.plan, charge.billingTier,
    charge.amountMinor, charge.currency, charge.entry, dateOf(charge.crossedMs), new Date(nowMs),
  ]);
  if (rowCount === 0) return false;
  await tx.query(insertEvent, [charge.id, 1, 'ChargeOpened', 'pending', {}, new Date(nowMs)]);
  await tx.query(insertOutbox, [charge.id, 1]);
  return true;
}

async function hold(holders: Pool, id: string, work: (held: HeldCharge) => Promise<void>): Promise<boolean> {
  const client = await guarded(() => holders.connect());
  let broken: Error | boolean = true;
  try {
    const { rows } = await guarded(() => client.query<{ ours: boolean }>(tryHold, [id]));
    if (rows[0]?.ours !== true) {
      broken = false;
      return false;
    }
    await work({
      read: () => guarded(() => read(client, id)),
      record: async (decide, nowMs) => {
        const charge = await guarded(() => inTransaction(client, () => record(client, id, decide, nowMs)));
        invariant(charge !== null, 'a held charge exists');
        return charge;
      },
    });
    await client.query(endHold, [id]);
    broken = false;
    return true;
  } finally {
    // A session whose hold may not have ended is closed: that ends it.
    client.release(broken);
  }
}

async function inTransaction<T>(client: PoolClient, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function read(client: PoolClient, id: string): ReturnType<HeldCharge['read']> {
  const row = (await client.query<ChargeRow>(chargeById, [id])).rows[0];
  invariant(row !== undefined, 'a held charge exists');
  const charge = fromRowCharge(row);
  const payer = (await client.query<{ customer_id: string | null; payment_method: string | null }>(payerOf, [charge.userId])).rows[0];
  const last = (await client.query<AttemptRow>(lastAttempt, [id])).rows[0];
  return {
    charge,
    payer: { customerId: payer?.customer_id ?? null, paymentMethod: payer?.payment_method ?? null },
    last: last === undefined ? null : fromRowAttempt(last),
  };
}

/** Decides on the locked row, and keeps the event with the charge that it leaves. Within a transaction. */
async function record(tx: PoolClient, id: string, decide: (charge: Charge) => ChargeEvent | null, nowMs: number): Promise<Charge | null> {
  const row = (await tx.query<ChargeRow>(lockCharge, [id])).rows[0];
  if (row === undefined) return null;
  const before = fromRowCharge(row);
  const event = decide(before);
  if (event === null) return before;
  const after = evolve(before, event);
  await tx.query(updateCharge, [
    id, after.status, after.reason, after.paymentIntent, after.attempts, after.refusals, after.unanswered, after.attemptOpen,
    dateOf(after.nextTryMs), after.version, dateOf(after.creditedMs), new Date(nowMs),
  ]);
  const { type, ...data } = event;
  if (event.type === 'AttemptStarted') {
    const { number, kind, key, request, startedMs } = event.attempt;
    await tx.query(insertAttempt, [id, number, kind, key, request, new Date(startedMs)]);
    await tx.query(insertEvent, [id, after.version, type, after.status, { number, kind }, new Date(nowMs)]);
  } else {
    await tx.query(insertEvent, [id, after.version, type, after.status, data, new Date(nowMs)]);
  }
  const told = shownStatus(before) !== shownStatus(after) || before.creditedMs !== after.creditedMs;
  if (told) await tx.query(insertOutbox, [id, after.version]);
  return after;
}
