import type { Pool } from 'pg';

import { guarded } from '../../postgres/guarded.ts';
import type { CustomerStore, Inbox } from '../../subscriptions/app/account-ports.ts';
import {
  attachMethod,
  closeEvent,
  findCustomer,
  keepEvent,
  methodOfCustomer,
  openEvents,
  prepareCustomer,
  saveCustomer,
  usersOfCustomer,
} from '../../subscriptions/postgres/accounts.sql.ts';
import type { StripeFacts } from '../../webhooks-in/domain/stripe-event.ts';

/** `CustomerStore` on PostgreSQL. */
export function customerStore(pool: Pool): CustomerStore {
  return {
    find: (userId, nowMs) =>
      guarded(async () => {
        await pool.query(prepareCustomer, [userId, new Date(nowMs)]);
        const row = (
          await pool.query<{ customer_id: string | null; payment_method: string | null }>(findCustomer, [userId])
        ).rows[0];
        return { customerId: row?.customer_id ?? null, paymentMethod: row?.payment_method ?? null };
      }),
    view: (userId) =>
      guarded(async () => {
        const row = (
          await pool.query<{ customer_id: string | null; payment_method: string | null }>(findCustomer, [userId])
        ).rows[0];
        return row?.customer_id == null
          ? null
          : { user_id: userId, customer_id: row.customer_id, payment_method: row.payment_method };
      }),
    save: ({ user_id: user, customer_id: customer, payment_method: method }, nowMs) =>
      guarded(async () => {
        await pool.query(saveCustomer, [user, customer, method, new Date(nowMs)]);
      }),
    attached: ({ customer, paymentMethod, atMs }) =>
      guarded(async () =>
        (await pool.query<{ user_id: string }>(attachMethod, [customer, paymentMethod, new Date(atMs)])).rows.map(
          ({ user_id: user }) => user,
        ),
      ),
    usersOf: (customerId, { after = '', limit } = { limit: 100 }) =>
      guarded(async () =>
        (await pool.query<{ user_id: string }>(usersOfCustomer, [customerId, after, limit])).rows.map(
          ({ user_id: user }) => user,
        ),
      ),
    paymentMethodOf: (customerId) =>
      guarded(
        async () =>
          (await pool.query<{ payment_method: string }>(methodOfCustomer, [customerId])).rows[0]?.payment_method ??
          null,
      ),
  };
}

type EventRow = {
  readonly id: string;
  readonly type: string;
  readonly created_at: Date;
  readonly received_at: Date;
  readonly facts: StripeFacts;
};

/** `Inbox` on PostgreSQL. */
export function stripeInbox(pool: Pool): Inbox {
  return {
    keep: ({ id, type, createdMs, facts }, nowMs) =>
      guarded(
        async () =>
          (await pool.query(keepEvent, [id, type, new Date(createdMs), new Date(nowMs), facts])).rowCount === 1,
      ),
    open: (limit) =>
      guarded(async () =>
        (await pool.query<EventRow>(openEvents, [limit])).rows.map(
          ({ id, type, created_at: created, received_at: received, facts }) => ({
            id,
            type,
            createdMs: created.getTime(),
            receivedMs: received.getTime(),
            facts,
          }),
        ),
      ),
    close: (id, outcome, nowMs) =>
      guarded(async () => {
        await pool.query(closeEvent, [id, outcome, new Date(nowMs)]);
      }),
  };
}
