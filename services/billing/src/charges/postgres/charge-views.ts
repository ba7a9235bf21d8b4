import type { ChargeStatusView, ChargeView } from '@tollgate/contracts';
import type { Pool } from 'pg';

import { orOutage } from '../../postgres/or-outage.ts';
import type { ChargeStore } from '../app/charge-ports.ts';
import { shownStatus } from '../domain/charging.ts';
import type { ChargeRow } from './charge-row.ts';
import { chargeById, listCharges, openChargesOf, rememberShown, shownBefore } from './charges.sql.ts';

type Views = Pick<ChargeStore, 'openOf' | 'list' | 'view' | 'remember' | 'remembered'>;
type Shown = { readonly charge_id: string; readonly status: ChargeStatusView['status'] };

/** Reads of charges for people and surfaces. */
export function chargeViews(pool: Pool): Views {
  const shown = async (ids: readonly string[]): Promise<Map<string, ChargeStatusView['status']>> => {
    const { rows } = await pool.query<Shown>(shownBefore, [ids]);
    return new Map(rows.map((row) => [row.charge_id, row.status]));
  };
  return {
    openOf: (userId) =>
      orOutage(async () => (await pool.query<{ id: string }>(openChargesOf, [userId])).rows.map(({ id }) => id)),
    list: ({ user_id: user, status, period, offset, limit }) =>
      orOutage(async () => {
        const at = period === undefined ? null : new Date(period);
        const { rows } = await pool.query<ChargeRow & { total: bigint }>(listCharges, [
          user ?? null,
          status ?? null,
          at,
          offset,
          limit,
        ]);
        return { items: rows.map(toView), total: Number(rows[0]?.total ?? 0n) };
      }),
    view: (id) =>
      orOutage(async () => {
        const row = (await pool.query<ChargeRow>(chargeById, [id])).rows[0];
        return row === undefined ? null : toView(row);
      }),
    remember: (statuses) =>
      orOutage(async () => {
        await pool.query(rememberShown, [statuses.map(({ id }) => id), statuses.map(({ status }) => status)]);
        const first = await shown(statuses.map(({ id }) => id));
        return statuses.map((each) => ({ ...each, status: first.get(each.id) ?? each.status }));
      }),
    remembered: (ids) =>
      orOutage(async () => {
        const first = await shown(ids);
        return ids.every((id) => first.has(id)) ? first : null;
      }),
  };
}

export function toView(row: ChargeRow): ChargeView {
  return {
    id: row.id,
    user_id: row.user_id,
    account: row.account,
    period: { start: row.period_start.toISOString(), end: row.period_end.toISOString() },
    block: String(row.block),
    billing_tier: row.billing_tier,
    amount_minor: String(row.amount_minor),
    currency: row.currency,
    status: shownStatus(row),
    reason: row.reason,
    payment_intent: row.payment_intent,
    attempts: row.attempts,
    next_try_at: row.next_try_at?.toISOString() ?? null,
    credited_at: row.credited_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

/** Every query reports an unreachable database as `unavailable`. */
