import type { Pool } from 'pg';

import { guarded } from '../../postgres/guarded.ts';
import type { CustomerStore } from '../app/customer-ports.ts';
import {
  attachMethod,
  findCustomer,
  methodOfCustomer,
  prepareCustomer,
  saveCustomer,
  usersOfCustomer,
} from './customers.sql.ts';

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
