/** The plan version that says the price of a subscription from its next period on. */
export const priceFeesByPlan = {
  name: '20261127230100-price-fees-by-plan',
  sql: `
alter table billing.subscriptions add column plan text, add column plan_version integer;
comment on column billing.subscriptions.amount_minor
  is 'the price that the subscription has at Stripe for its next period';
comment on column billing.subscriptions.plan
  is 'with plan_version: what says that price; null: the plan default of an account that was never opened';
create index subscriptions_ending on billing.subscriptions (current_period_end) where status not in ('canceled',
  'incomplete_expired');
`,
} as const;
