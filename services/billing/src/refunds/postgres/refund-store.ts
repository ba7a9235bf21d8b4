import type { RefundView } from '@tollgate/contracts';
import { AppError, invariant, uuidV5 } from '@tollgate/kernel';
import { withTransaction } from '@tollgate/persistence';
import type { Pool, PoolClient } from 'pg';

import type { Charge } from '../../charges/domain/charge.ts';
import { lockedCharge, recorded } from '../../charges/postgres/charge-record.ts';
import { dateOf } from '../../charges/postgres/charge-row.ts';
import { inTransaction, whileLocked } from '../../postgres/locked.ts';
import { orOutage } from '../../postgres/or-outage.ts';
import type { RefundStore, ToldRefund } from '../app/refund-ports.ts';
import { afterRefund, evolveRefund, type Refund, type RefundEvent } from '../domain/refund.ts';
import {
  fromRowRefund,
  fromRowRefundAttempt,
  type RefundAttemptRow,
  type RefundRow,
  type RefundViewRow,
  toRefundView,
} from './refund-row.ts';
import {
  chargeOfIntent,
  chargeOfRefund,
  dueRefunds,
  insertRefund,
  insertRefundAttempt,
  keepRefundAnswer,
  lastRefundAttempt,
  listRefunds,
  lockRefund,
  nextInvoiceOf,
  refundAnswer,
  refundById,
  refundsOfIntent,
  refundView,
  updateRefund,
} from './refunds.sql.ts';

/**
 * `RefundStore` on PostgreSQL. `lockPool`: the pool whose sessions lock refunds. Loss of the database is
 * AppError('unavailable').
 */
export function refundStore(pool: Pool, lockPool: Pool): RefundStore {
  return {
    due: (nowMs, limit) =>
      orOutage(async () =>
        (await pool.query<{ id: string }>(dueRefunds, [new Date(nowMs), limit])).rows.map(({ id }) => id),
      ),
    lock: (id, work) =>
      whileLocked(lockPool, id, (client) =>
        work({
          read: () =>
            orOutage(async () => {
              const row = (await client.query<RefundRow>(refundById, [id])).rows[0];
              invariant(row !== undefined, 'a locked refund exists');
              const last = (await client.query<RefundAttemptRow>(lastRefundAttempt, [id])).rows[0];
              return { refund: fromRowRefund(row), last: last === undefined ? null : fromRowRefundAttempt(last) };
            }),
          record: async (decide, nowMs) => {
            const refund = await orOutage(() => inTransaction(client, () => record(client, id, decide, nowMs)));
            invariant(refund !== null, 'a locked refund exists');
            return refund;
          },
        }),
      ),
    decide: (of, decide, nowMs) => orOutage(() => withTransaction(pool, (tx) => decided(tx, of, decide, nowMs))),
    told: (intent, refunds, nowMs) =>
      orOutage(() => withTransaction(pool, (tx) => told(tx, { intent, refunds, nowMs }))),
    nextInvoiceOf: (id) =>
      orOutage(
        async () => (await pool.query<{ customer_id: string }>(nextInvoiceOf, [id])).rows[0]?.customer_id ?? null,
      ),
    list: ({ status, user_id: user, offset, limit }) =>
      orOutage(async () => {
        const { rows } = await pool.query<RefundViewRow & { total: bigint }>(listRefunds, [
          status ?? null,
          user ?? null,
          offset,
          limit,
        ]);
        return { items: rows.map(toRefundView), total: Number(rows[0]?.total ?? 0n) };
      }),
    view: (id) => orOutage(() => viewOf(pool, id)),
  };
}

async function viewOf(client: Pick<PoolClient, 'query'>, id: string): Promise<RefundView | null> {
  const row = (await client.query<RefundViewRow>(refundView, [id])).rows[0];
  return row === undefined ? null : toRefundView(row);
}

/**
 * The charge's row is locked before the refund's, everywhere, so that two changes of one charge never wait for each
 * other.
 */
async function locked(
  tx: PoolClient,
  id: string,
): Promise<{ readonly charge: Charge; readonly refund: Refund } | null> {
  const of = (await tx.query<{ charge_id: string }>(chargeOfRefund, [id])).rows[0];
  const charge = of === undefined ? null : await lockedCharge(tx, of.charge_id);
  const row = (await tx.query<RefundRow>(lockRefund, [id])).rows[0];
  return charge === null || row === undefined ? null : { charge, refund: fromRowRefund(row) };
}

async function record(
  tx: PoolClient,
  id: string,
  decide: (refund: Refund) => RefundEvent | null,
  nowMs: number,
): Promise<Refund | null> {
  const found = await locked(tx, id);
  const event = found === null ? null : decide(found.refund);
  return found === null || event === null
    ? (found?.refund ?? null)
    : (await keep(tx, { ...found, event, nowMs })).refund;
}

type Change = { readonly charge: Charge; readonly refund: Refund; readonly event: RefundEvent; readonly nowMs: number };

/** One event of a refund: the row after it, the event among those of the charge, and what follows for that. */
async function keep(
  tx: PoolClient,
  { charge, refund, event, nowMs }: Change,
): Promise<{ readonly charge: Charge; readonly refund: Refund }> {
  const after = evolveRefund(refund, event);
  await tx.query(updateRefund, [
    after.id,
    after.status,
    after.reason,
    after.decidedBy,
    after.stripeRefund,
    after.attempts,
    after.unanswered,
    after.attemptOpen,
    dateOf(after.nextTryMs),
    dateOf(after.succeededMs),
    new Date(nowMs),
    after.firstApproval,
    after.applyTo,
  ]);
  if (event.type === 'RefundStarted') {
    const { number, key, request, startedMs } = event.attempt;
    await tx.query(insertRefundAttempt, [after.id, number, key, request, new Date(startedMs)]);
  }
  const reason = after.reason === null ? {} : { reason: after.reason };
  const by = 'by' in event ? { by: event.by, address: event.address } : {};
  const told = {
    ...by,
    type: event.type,
    refund: {
      id: after.id,
      amount_minor: String(after.amountMinor),
      ...(after.applyTo === null ? {} : { method: 'invoice' as const }),
    },
    ...reason,
  };
  return { charge: await recorded(tx, charge, told, nowMs), refund: after };
}

async function decided(
  tx: PoolClient,
  of: Parameters<RefundStore['decide']>[0],
  decide: Parameters<RefundStore['decide']>[1],
  nowMs: number,
): ReturnType<RefundStore['decide']> {
  const { id, operation, key, hash } = of;
  const found = await locked(tx, id);
  if (found === null) return null;
  const first =
    key === undefined
      ? undefined
      : (await tx.query<{ content_hash: string; answer: RefundView }>(refundAnswer, [operation, id, key])).rows[0];
  if (first !== undefined) {
    if (first.content_hash !== hash)
      throw new AppError('reused', 'IDEMPOTENCY_KEY_REUSED', 'this key was used for another decision');
    return { refund: first.answer, replayed: true };
  }
  const { rows } = await tx.query<RefundRow>(refundsOfIntent, [found.refund.paymentIntent]);
  let left = found.charge.amountMinor;
  for (const row of rows)
    if (row.id !== id && (row.status === 'succeeded' || row.status === 'processing')) left -= row.amount_minor;
  await keep(tx, { ...found, event: decide(found.refund, left), nowMs });
  const view = await viewOf(tx, id);
  invariant(view !== null, 'a refund that was decided has a row');
  if (key !== undefined) await tx.query(keepRefundAnswer, [operation, id, key, hash, view]);
  return { refund: view, replayed: false };
}

async function told(
  tx: PoolClient,
  of: { readonly intent: string; readonly refunds: readonly ToldRefund[]; readonly nowMs: number },
): Promise<number | null> {
  const { intent, refunds, nowMs } = of;
  const owner = (await tx.query<{ id: string }>(chargeOfIntent, [intent])).rows[0];
  let charge = owner === undefined ? null : await lockedCharge(tx, owner.id);
  if (charge === null) return null;
  let changed = 0;
  for (const one of refunds) {
    const known = (await tx.query<RefundRow>(refundsOfIntent, [intent])).rows.map(fromRowRefund);
    const refund: Refund | null =
      matching(known, one) ?? (one.ours === null ? await found(tx, charge, { intent, one, nowMs }) : null);
    // An attempt that was replaced by a later one says nothing about the refund of today.
    if (refund === null || (one.ours !== null && one.attempt < refund.attempts)) continue;
    const event = afterRefund(refund, one.state, nowMs);
    if (event === null || (event.type === 'RefundPending' && refund.status === 'processing' && !refund.attemptOpen))
      continue;
    charge = (await keep(tx, { charge, refund, event, nowMs })).charge;
    changed++;
  }
  return changed;
}

/**
 * Ours by its metadata, known by Stripe's id, or an open proposal of the same amount, which a refund made by hand
 * settles.
 */
const matching = (known: readonly Refund[], { ours, state, amountMinor }: ToldRefund): Refund | undefined =>
  known.find(({ id, stripeRefund }) => (ours === null ? stripeRefund === state.stripeRefund : id === ours)) ??
  (ours !== null
    ? undefined
    : known.find((one) => one.origin === 'credit' && one.amountMinor === amountMinor && openToHand.has(one.status)));
const openToHand = new Set<Refund['status']>(['proposed', 'declined', 'failed']);

/** A row for a refund that was made at Stripe and is for no proposal of ours. */
async function found(
  tx: PoolClient,
  charge: Charge,
  of: { readonly intent: string; readonly one: ToldRefund; readonly nowMs: number },
): Promise<Refund> {
  const { intent, one, nowMs } = of;
  const id = uuidV5(charge.id, one.state.stripeRefund);
  await tx.query(insertRefund, [
    id,
    charge.id,
    null,
    intent,
    one.amountMinor,
    one.currency,
    'stripe',
    'processing',
    new Date(nowMs),
  ]);
  const row = (await tx.query<RefundRow>(lockRefund, [id])).rows[0];
  invariant(row !== undefined, 'a refund that was inserted has a row');
  return fromRowRefund(row);
}
