import { invariant } from '@tollgate/kernel';
import { withTransaction } from '@tollgate/persistence';
import type { Pool, PoolClient } from 'pg';

import { inTransaction, whileLocked } from '../../postgres/locked.ts';
import { orOutage } from '../../postgres/or-outage.ts';
import type { ChargeStore, Crossing, LockedCharge, NewCharge } from '../app/charge-ports.ts';
import type { Charge, ChargeEvent } from '../domain/charge.ts';
import { lockedCharge, recorded } from './charge-record.ts';
import { type AttemptRow, type ChargeRow, dateOf, fromRowAttempt, fromRowCharge } from './charge-row.ts';
import { chargeViews } from './charge-views.ts';
import {
  chargeById,
  chargesByIds,
  dueCharges,
  dueUntriedCharges,
  heldBackCharges,
  insertCharge,
  insertEvent,
  insertOutbox,
  lastAttempt,
  lockPosition,
  payerOf,
  preparePosition,
  setPosition,
} from './charges.sql.ts';

/**
 * `ChargeStore` on PostgreSQL. `lockPool`: the pool whose sessions lock charges. Loss of the database is
 * AppError('unavailable').
 */
export function chargeStore(pool: Pool, lockPool: Pool): ChargeStore {
  return {
    take: (crossing, charge, nowMs) => orOutage(() => withTransaction(pool, (tx) => take(tx, crossing, charge, nowMs))),
    openMissing: (charge, nowMs) => orOutage(() => withTransaction(pool, (tx) => open(tx, charge, nowMs))),
    due: (nowMs, limit) =>
      orOutage(async () =>
        (await pool.query<{ id: string }>(dueCharges, [new Date(nowMs), limit])).rows.map(({ id }) => id),
      ),
    dueUntried: (nowMs, limit) =>
      orOutage(async () =>
        (await pool.query<{ id: string }>(dueUntriedCharges, [new Date(nowMs), limit])).rows.map(({ id }) => id),
      ),
    heldBack: (reason, limit) =>
      orOutage(async () =>
        (await pool.query<{ id: string }>(heldBackCharges, [reason, limit])).rows.map(({ id }) => id),
      ),
    lock: (id, work) =>
      whileLocked(lockPool, id, (client) =>
        work({
          read: () => orOutage(() => read(client, id)),
          record: async (decide, nowMs) => {
            const charge = await orOutage(() => inTransaction(client, () => record(client, id, decide, nowMs)));
            invariant(charge !== null, 'a locked charge exists');
            return charge;
          },
        }),
      ),
    record: (id, decide, nowMs) => orOutage(() => withTransaction(pool, (tx) => record(tx, id, decide, nowMs))),
    byIds: (ids) => orOutage(async () => (await pool.query<ChargeRow>(chargesByIds, [ids])).rows.map(fromRowCharge)),
    ...chargeViews(pool),
  };
}

/** Repeats are known by their place (rule 25); the place and what it brought are kept in one transaction. */
async function take(tx: PoolClient, crossing: Crossing, charge: NewCharge, nowMs: number): Promise<boolean> {
  const { partition, partitionSeq, block, change } = crossing;
  await tx.query(preparePosition, [partition]);
  const last = (await tx.query<{ partition_seq: bigint; block: bigint }>(lockPosition, [partition])).rows[0];
  invariant(last !== undefined, 'a position that was inserted can be locked');
  if (partitionSeq < last.partition_seq || (partitionSeq === last.partition_seq && block <= last.block)) return false;
  await tx.query(setPosition, [partition, partitionSeq, block]);
  const opened = await open(tx, charge, nowMs);
  if (change === 'entered') return opened;
  const before = await lockedCharge(tx, charge.id);
  invariant(before !== null, 'a charge that was opened has a row');
  if (before.owed === (change === 'regained')) return opened;
  await recorded(tx, before, { type: change === 'left' ? 'BlockLeft' : 'BlockRegained', nextTryMs: nowMs }, nowMs);
  return true;
}

async function open(tx: PoolClient, charge: NewCharge, nowMs: number): Promise<boolean> {
  const { rowCount } = await tx.query(insertCharge, [
    charge.id,
    charge.account,
    charge.userId,
    new Date(charge.periodStartMs),
    new Date(charge.periodEndMs),
    charge.block,
    charge.plan,
    charge.billingTier,
    charge.amountMinor,
    charge.currency,
    charge.entry,
    dateOf(charge.crossedMs),
    new Date(nowMs),
  ]);
  if (rowCount === 0) return false;
  await tx.query(insertEvent, [charge.id, 1, 'ChargeOpened', 'pending', {}, new Date(nowMs)]);
  await tx.query(insertOutbox, [charge.id, 1]);
  return true;
}

async function read(client: PoolClient, id: string): ReturnType<LockedCharge['read']> {
  const row = (await client.query<ChargeRow>(chargeById, [id])).rows[0];
  invariant(row !== undefined, 'a locked charge exists');
  const charge = fromRowCharge(row);
  const payer = (
    await client.query<{ customer_id: string | null; payment_method: string | null }>(payerOf, [charge.userId])
  ).rows[0];
  const last = (await client.query<AttemptRow>(lastAttempt, [id])).rows[0];
  return {
    charge,
    payer: { customerId: payer?.customer_id ?? null, paymentMethod: payer?.payment_method ?? null },
    last: last === undefined ? null : fromRowAttempt(last),
  };
}

/** Decides on the locked row, and keeps the event with the charge that it leaves. Within a transaction. */
async function record(
  tx: PoolClient,
  id: string,
  decide: (charge: Charge) => ChargeEvent | null,
  nowMs: number,
): Promise<Charge | null> {
  const before = await lockedCharge(tx, id);
  const event = before === null ? null : decide(before);
  return before === null || event === null ? before : recorded(tx, before, event, nowMs);
}
