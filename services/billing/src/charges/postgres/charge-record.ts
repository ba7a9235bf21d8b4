import { invariant } from '@tollgate/kernel';
import type { PoolClient } from 'pg';

import {
  insertCreditNote,
  insertPastPayment,
  insertRefund,
  refundedOf,
  withdrawRefunds,
} from '../../refunds/postgres/refunds.sql.ts';
import { type Charge, type ChargeEvent, evolve, type RefundEventType } from '../domain/charge.ts';
import { shownStatus } from '../domain/charging.ts';
import { consequence, type Refunded } from '../domain/corrected-charge.ts';
import { type ChargeRow, dateOf, fromRowCharge } from './charge-row.ts';
import { insertAttempt, insertEvent, insertOutbox, lockCharge, updateCharge } from './charges.sql.ts';

/** The charge, its row locked until the end of the transaction; null: there is none. */
export async function lockedCharge(tx: PoolClient, id: string): Promise<Charge | null> {
  const row = (await tx.query<ChargeRow>(lockCharge, [id])).rows[0];
  return row === undefined ? null : fromRowCharge(row);
}

/**
 * Keeps an event of a locked charge, and all that follows from what it leaves (rule 18). Answers the charge after them.
 */
export async function recorded(tx: PoolClient, before: Charge, event: ChargeEvent, nowMs: number): Promise<Charge> {
  let charge = await one(tx, before, event, nowMs);
  for (let follows = await next(tx, charge, nowMs); follows !== null; follows = await next(tx, charge, nowMs)) {
    charge = await one(tx, charge, follows, nowMs);
  }
  return charge;
}

async function next(tx: PoolClient, charge: Charge, nowMs: number): Promise<ChargeEvent | null> {
  let refunded: Refunded = { minor: 0n, underWay: false };
  if (charge.status === 'succeeded' && charge.owed !== (charge.creditedMs === null)) {
    const {
      rows: [row],
    } = await tx.query<{ minor: bigint; under_way: boolean }>(refundedOf, [charge.id, charge.paymentIntent]);
    if (row) refunded = { minor: row.minor, underWay: row.under_way };
  }
  return consequence(charge, refunded, nowMs);
}

async function one(tx: PoolClient, before: Charge, event: ChargeEvent, nowMs: number): Promise<Charge> {
  const { id } = before;
  const after = evolve(before, event);
  const now = new Date(nowMs);
  await tx.query(updateCharge, [
    id,
    after.status,
    after.reason,
    after.paymentIntent,
    after.attempts,
    after.refusals,
    after.unanswered,
    after.attemptOpen,
    dateOf(after.nextTryMs),
    after.version,
    dateOf(after.creditedMs),
    now,
    after.owed,
    after.series,
    after.cancelSent,
    after.creditNote,
    dateOf(after.paidMs),
  ]);
  const { type, ...data } = event;
  if (event.type === 'AttemptStarted') {
    const { number, kind, key, request, startedMs } = event.attempt;
    await tx.query(insertAttempt, [id, number, kind, key, request, new Date(startedMs)]);
    await tx.query(insertEvent, [id, after.version, type, after.status, { number, kind }, now]);
  } else {
    await tx.query(insertEvent, [id, after.version, type, after.status, data, now]);
  }
  const told =
    shownStatus(before) !== shownStatus(after) || before.creditedMs !== after.creditedMs || toldRefunds.has(event.type);
  if (told) await tx.query(insertOutbox, [id, after.version]);
  return beside(tx, { before, after, event, nowMs });
}

const toldRefunds: ReadonlySet<string> = new Set<RefundEventType>([
  'RefundProposed',
  'RefundApproved',
  'RefundDeclined',
  'RefundWithdrawn',
  'RefundSucceeded',
  'RefundFailed',
]);

/** Writes the rows that belong to an event: credit notes, refund proposals, ended payments. */
async function beside(
  tx: PoolClient,
  of: { readonly before: Charge; readonly after: Charge; readonly event: ChargeEvent; readonly nowMs: number },
): Promise<Charge> {
  const { before, after, event, nowMs } = of;
  const now = new Date(nowMs);
  const { id, currency } = after;
  switch (event.type) {
    case 'ChargeCredited': {
      if (event.note === null) return after;
      const { id: note, refund, amountMinor } = event.note;
      await tx.query(insertCreditNote, [note, id, amountMinor, currency, 'corrected', null, now]);
      await tx.query(insertRefund, [
        refund,
        id,
        note,
        after.paymentIntent,
        amountMinor,
        currency,
        'credit',
        'proposed',
        now,
      ]);
      return one(tx, after, { type: 'RefundProposed', refund: { id: refund, amount_minor: amountMinor } }, nowMs);
    }
    case 'CreditTakenBack':
      return event.creditNote === null
        ? after
        : takenBack(tx, after, { creditNote: event.creditNote, reversal: event.reversal, nowMs });
    case 'ChargeReopened':
      await tx.query(insertPastPayment, [
        id,
        before.series,
        before.paymentIntent,
        before.amountMinor,
        currency,
        now,
        dateOf(before.paidMs),
      ]);
      return after;
    default:
      return after;
  }
}

async function takenBack(
  tx: PoolClient,
  charge: Charge,
  of: { readonly creditNote: string; readonly reversal: string; readonly nowMs: number },
): Promise<Charge> {
  const now = new Date(of.nowMs);
  const {
    rows: [withdrawn],
  } = await tx.query<{ id: string; amount_minor: bigint; changed: boolean }>(withdrawRefunds, [
    of.creditNote,
    'regained',
    now,
  ]);
  invariant(withdrawn !== undefined, 'a credit note has a refund');
  await tx.query(insertCreditNote, [
    of.reversal,
    charge.id,
    -withdrawn.amount_minor,
    charge.currency,
    'regained',
    of.creditNote,
    now,
  ]);
  if (!withdrawn.changed) return charge;
  return one(
    tx,
    charge,
    {
      type: 'RefundWithdrawn',
      refund: { id: withdrawn.id, amount_minor: String(withdrawn.amount_minor) },
      reason: 'regained',
    },
    of.nowMs,
  );
}
