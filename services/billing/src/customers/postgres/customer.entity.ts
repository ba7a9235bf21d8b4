import { EntitySchema } from 'typeorm';

export type Customer = {
  readonly userId: string;
  readonly customerId: string | null;
  readonly paymentMethod: string | null;
  /** When Stripe attached it: an older message about another one changes nothing. */
  readonly paymentMethodAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

export const customerEntity = new EntitySchema<Customer>({
  name: 'Customer',
  schema: 'billing',
  tableName: 'customers',
  columns: {
    userId: { name: 'user_id', type: 'text', primary: true },
    customerId: { name: 'customer_id', type: 'text', nullable: true },
    paymentMethod: { name: 'payment_method', type: 'text', nullable: true },
    paymentMethodAt: { name: 'payment_method_at', type: 'timestamptz', nullable: true },
    createdAt: { name: 'created_at', type: 'timestamptz' },
    updatedAt: { name: 'updated_at', type: 'timestamptz' },
  },
});
