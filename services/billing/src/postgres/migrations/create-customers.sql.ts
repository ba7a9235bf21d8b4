/** Who pays for a user, and with what. */
export const createCustomers = {
  name: '20261121105000-create-customers',
  sql: `
create table billing.customers (
  user_id text not null,
  customer_id text,
  payment_method text,
  payment_method_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint customers_pkey primary key (user_id)
);
create index customers_by_customer on billing.customers (customer_id);
comment on table billing.customers
  is 'Who pays for a user. What Stripe knows of them (names, cards) stays at Stripe.';
comment on column billing.customers.payment_method_at
  is 'When Stripe attached it: an older message about another one changes nothing.';
grant select, insert, update on billing.customers to tollgate_billing;
`,
} as const;
