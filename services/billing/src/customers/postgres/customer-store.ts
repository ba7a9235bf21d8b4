import { returned } from '@tollgate/persistence';
import { IsNull, MoreThan, Not, type Repository } from 'typeorm';

import type { Entities } from '../../postgres/entities.ts';
import { orOutage } from '../../postgres/or-outage.ts';
import type { CustomerStore } from '../app/customer-ports.ts';
import { type Customer, customerEntity } from './customer.entity.ts';

/** `CustomerStore` on PostgreSQL. */
export function customerStore(entities: Entities): CustomerStore {
  const withCustomers = <T>(work: (customers: Repository<Customer>) => Promise<T>): Promise<T> =>
    orOutage(async () => work((await entities()).getRepository(customerEntity)));
  return {
    find: (userId, nowMs) =>
      withCustomers(async (customers) => {
        const now = new Date(nowMs);
        await customers
          .createQueryBuilder()
          .insert()
          .values({ userId, createdAt: now, updatedAt: now })
          .orIgnore()
          .execute();
        return customers.findOneByOrFail({ userId });
      }),
    view: (userId) =>
      withCustomers(async (customers) => {
        const found = await customers.findOneBy({ userId });
        return found?.customerId == null
          ? null
          : { user_id: userId, customer_id: found.customerId, payment_method: found.paymentMethod };
      }),
    save: ({ user_id: userId, customer_id: customerId, payment_method: paymentMethod }, nowMs) =>
      withCustomers(async (customers) => {
        await customers
          .createQueryBuilder()
          .update()
          .set({
            customerId,
            paymentMethod,
            paymentMethodAt: () =>
              'case when payment_method is distinct from :paymentMethod then :now::timestamptz else ' +
              'payment_method_at end',
            updatedAt: new Date(nowMs),
          })
          .where({ userId })
          .setParameters({ paymentMethod, now: new Date(nowMs) })
          .execute();
      }),
    attached: ({ customer, paymentMethod, atMs }) =>
      withCustomers(async (customers) => {
        const at = new Date(atMs);
        // Newer than what is known; a message that was overtaken changes nothing.
        const changed = await customers
          .createQueryBuilder()
          .update()
          .set({ paymentMethod, paymentMethodAt: at, updatedAt: at })
          .where('customer_id = :customer and (payment_method_at is null or payment_method_at <= :at)', {
            customer,
            at,
          })
          .returning('*')
          .execute();
        return returned(customers, changed).map(({ userId }) => userId);
      }),
    usersOf: (customerId, { after = '', limit } = { limit: 100 }) =>
      withCustomers(async (customers) =>
        (
          await customers.find({
            where: { customerId, userId: MoreThan(after) },
            order: { userId: 'ASC' },
            take: limit,
          })
        ).map(({ userId }) => userId),
      ),
    paymentMethodOf: (customerId) =>
      withCustomers(async (customers) => {
        const newest = await customers.findOne({
          where: { customerId, paymentMethod: Not(IsNull()) },
          order: { paymentMethodAt: { direction: 'DESC', nulls: 'LAST' } },
        });
        return newest?.paymentMethod ?? null;
      }),
  };
}
