import { partitionsDefault, toWireChargeChanged } from '@tollgate/contracts';
import { invariant, partitionOf } from '@tollgate/kernel';
import type { Pool, PoolClient } from 'pg';

import { orOutage } from '../../postgres/or-outage.ts';
import type { ChargeMessage, ChargeOutbox } from '../app/charge-ports.ts';
import type { ChargeStatus } from '../domain/charge.ts';
import { shownStatus } from '../domain/charging.ts';

/** One publisher at a time; the lock belongs to the session. */
const tryPublish = `select pg_try_advisory_lock(hashtextextended('billing.charges.publish', 0)) as ours`;
const endPublish = `select pg_advisory_unlock(hashtextextended('billing.charges.publish', 0))`;
const outstanding = `
  select o.position, o.partition, o.partition_seq, e.type, e.number, e.status as status_after, e.occurred_at,
    c.id, c.account, c.user_id, c.period_start, c.period_end, c.block, c.billing_tier, c.amount_minor, c.currency,
    coalesce(e.data ->> 'paymentIntent', c.payment_intent) as payment_intent, e.data -> 'refund' as refund
  from billing.charge_outbox o
  join billing.charge_events e on e.charge_id = o.charge_id and e.number = o.number
  join billing.charges c on c.id = o.charge_id
  where o.appended_at is null order by o.position limit $1`;
/**
 * The number after the last one of its partition; committed before the message leaves, so that a repeat carries the
 * same.
 */
const numberRow = `
  update billing.charge_outbox set partition = $2,
    partition_seq = (select coalesce(max(partition_seq), 0) + 1 from billing.charge_outbox where partition = $2)
  where position = $1 returning partition_seq`;
const markAppended = 'update billing.charge_outbox set appended_at = now() where position = any($1)';
const batchMax = 500;

type Row = {
  readonly position: bigint;
  readonly partition: number | null;
  readonly partition_seq: bigint | null;
  readonly type: string;
  readonly number: number;
  readonly status_after: ChargeStatus;
  readonly occurred_at: Date;
  readonly id: string;
  readonly account: string;
  readonly user_id: string | null;
  readonly period_start: Date;
  readonly period_end: Date;
  readonly block: bigint;
  readonly billing_tier: string;
  readonly amount_minor: bigint;
  readonly currency: string;
  readonly payment_intent: string | null;
  readonly refund: { readonly id: string; readonly amount_minor: string } | null;
};

/** `ChargeOutbox` on PostgreSQL. */
export const chargeOutbox = (pool: Pool): ChargeOutbox => ({ publish: (append) => publish(pool, append) });

async function publish(pool: Pool, append: (messages: readonly ChargeMessage[]) => Promise<void>): Promise<number> {
  const client = await orOutage(() => pool.connect());
  let broken = true;
  try {
    if ((await client.query<{ ours: boolean }>(tryPublish)).rows[0]?.ours !== true) {
      broken = false;
      return 0;
    }
    const { rows } = await client.query<Row>(outstanding, [batchMax]);
    const messages: ChargeMessage[] = [];
    for (const row of rows) messages.push(await numbered(client, row));
    if (messages.length > 0) {
      await append(messages);
      await client.query(markAppended, [rows.map(({ position }) => position)]);
    }
    await client.query(endPublish);
    broken = false;
    return messages.length;
  } finally {
    client.release(broken);
  }
}

async function numbered(client: PoolClient, row: Row): Promise<ChargeMessage> {
  const partition = row.partition ?? partitionOf(row.account, partitionsDefault);
  const seq =
    row.partition_seq ??
    (await client.query<{ partition_seq: bigint }>(numberRow, [row.position, partition])).rows[0]?.partition_seq;
  invariant(seq !== undefined, 'an event of a charge gets a number when it is published');
  return {
    partition,
    account: row.account,
    value: toWireChargeChanged(
      { partition, seq },
      {
        type: row.type,
        occurred_at: row.occurred_at.toISOString(),
        charge: {
          id: row.id,
          version: row.number,
          account: row.account,
          user_id: row.user_id,
          block: String(row.block),
          billing_tier: row.billing_tier,
          period: { start: row.period_start.toISOString(), end: row.period_end.toISOString() },
          amount_minor: String(row.amount_minor),
          currency: row.currency,
          status: shownStatus({ status: row.status_after }),
          payment_intent: row.payment_intent,
        },
        ...(row.refund === null ? {} : { refund: row.refund }),
      },
    ),
  };
}
