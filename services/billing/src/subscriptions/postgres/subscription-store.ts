import type { SubscriptionView } from '@tollgate/contracts';
import { invariant } from '@tollgate/kernel';
import type { Pool } from 'pg';

import { orOutage } from '../../postgres/or-outage.ts';
import type { PricedSubscription, SubscriptionRow, SubscriptionStore } from '../app/subscription-ports.ts';
import {
  abandonSubscription,
  beginSubscription,
  endingSubscriptions,
  feeAsked,
  findAnswer,
  keepAnswer,
  priceSubscription,
  runningSubscription,
  runningSubscriptions,
  subscriptionById,
  tellInvoice,
  tellSubscription,
} from './subscriptions.sql.ts';

type Row = {
  readonly id: string;
  readonly subscription_id: string | null;
  readonly amount_minor: bigint;
  readonly currency: string;
  readonly status: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly current_period_start: Date | null;
  readonly current_period_end: Date | null;
  readonly created_at: Date;
};
const operation = 'create-subscription';

/** `SubscriptionStore` on PostgreSQL. */
export function subscriptionStore(pool: Pool): SubscriptionStore {
  const answer = async (customerId: string, key: string): Promise<SubscriptionView | null> =>
    (await pool.query<{ answer: SubscriptionView }>(findAnswer, [operation, customerId, key])).rows[0]?.answer ?? null;
  return {
    begin: (draft, nowMs) =>
      orOutage(async () => {
        const { id, customerId, amountMinor, currency, anchorMs, request, plan, version } = draft;
        await pool.query(beginSubscription, [
          id,
          customerId,
          amountMinor,
          currency,
          new Date(anchorMs),
          request,
          new Date(nowMs),
          plan,
          version,
        ]);
        const row = (await pool.query<Row>(runningSubscription, [customerId])).rows[0];
        invariant(row !== undefined, 'a subscription that was begun runs');
        return fromRow(row);
      }),
    told: (state, { toldMs, nowMs }) =>
      orOutage(async () => {
        await pool.query(tellSubscription, [
          state.ours,
          state.subscription,
          state.status,
          new Date(state.currentPeriodStartMs),
          new Date(state.currentPeriodEndMs),
          new Date(toldMs),
          new Date(nowMs),
        ]);
        const row = (await pool.query<Row>(subscriptionById, [state.ours])).rows[0];
        return row === undefined ? null : fromRow(row).view;
      }),
    running: (after, limit) =>
      orOutage(async () => (await pool.query<PricedRow>(runningSubscriptions, [after, limit])).rows.map(fromPriced)),
    endingBefore: (ms, limit) =>
      orOutage(async () =>
        (await pool.query<PricedRow>(endingSubscriptions, [new Date(ms), limit])).rows.map(fromPriced),
      ),
    priced: (id, { amountMinor, plan, version }, nowMs) =>
      orOutage(async () => {
        await pool.query(priceSubscription, [id, amountMinor, plan, version, new Date(nowMs)]);
      }),
    abandon: (id, nowMs) =>
      orOutage(async () => {
        await pool.query(abandonSubscription, [id, new Date(nowMs)]);
      }),
    invoiceTold: (
      { invoice, subscription, customer, status, amountMinor, currency, periodStartMs, paidMs, creditMinor = '0' },
      toldMs,
    ) =>
      orOutage(async () => {
        await pool.query(tellInvoice, [
          invoice,
          subscription,
          customer,
          status,
          amountMinor,
          currency,
          new Date(periodStartMs),
          new Date(toldMs),
          status === 'paid' && paidMs !== undefined ? new Date(paidMs) : null,
          creditMinor,
        ]);
      }),
    feeAsked: ({ customerId, fromMs, toMs }) =>
      orOutage(async () => (await pool.query(feeAsked, [customerId, new Date(fromMs), new Date(toMs)])).rowCount === 1),
    answer: ({ customerId, key }) => orOutage(() => answer(customerId, key)),
    keepAnswer: ({ customerId, key, answer: given }) =>
      orOutage(async () => {
        await pool.query(keepAnswer, [operation, customerId, key, given]);
        return (await answer(customerId, key)) ?? given;
      }),
  };
}

type PricedRow = {
  readonly id: string;
  readonly subscription_id: string;
  readonly customer_id: string;
  readonly amount_minor: bigint;
  readonly currency: string;
  readonly plan: string | null;
  readonly plan_version: number | null;
  readonly current_period_end: Date;
};

const fromPriced = (row: PricedRow): PricedSubscription => ({
  id: row.id,
  subscriptionId: row.subscription_id,
  customerId: row.customer_id,
  amountMinor: row.amount_minor,
  currency: row.currency,
  plan: row.plan,
  version: row.plan_version,
  periodEndMs: row.current_period_end.getTime(),
});

function fromRow(row: Row): SubscriptionRow {
  const { subscription_id: subscriptionId, current_period_start: start, current_period_end: end } = row;
  const view =
    subscriptionId === null || start === null || end === null
      ? null
      : {
          subscription_id: subscriptionId,
          amount_minor: String(row.amount_minor),
          currency: row.currency,
          status: row.status,
          current_period_start: start.toISOString(),
          current_period_end: end.toISOString(),
        };
  return { id: row.id, subscriptionId, request: row.request, createdMs: row.created_at.getTime(), view };
}
