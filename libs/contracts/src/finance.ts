/** Where finance's views are, and the role that may read them and nothing else. */
export const financeSchemaName = 'finance';
export const financeRole = 'tollgate_finance';
/** Views of the schema `finance`, as exports name them; docs/finance.md has their formulas. */
export const financeViews = [
  'charges',
  'attempts',
  'fees',
  'revenue',
  'cash',
  'unbilled_usage',
  'usage',
  'open_receivables',
  'credit_notes',
  'refunds',
  'payments',
  'top_ups',
  'trial_balance',
  'statement',
  'closings',
  'seals',
  'comparisons',
  'acknowledgements',
  'assigned_payments',
  'receivables_ledger',
] as const;
export type FinanceView = (typeof financeViews)[number];

/** What the rows of each view are sorted by: the same figures are the same bytes. */
export const financeOrder: Readonly<Record<FinanceView, readonly string[]>> = {
  charges: ['month', 'account', 'period_start', 'block'],
  attempts: ['started_at', 'charge_id', 'number'],
  fees: ['month', 'user_id', 'period_start', 'invoice_id'],
  revenue: ['month', 'currency', 'kind', 'adjusts'],
  cash: ['at', 'kind', 'reference'],
  unbilled_usage: ['month', 'account', 'block'],
  usage: ['month', 'account', 'period_start'],
  open_receivables: ['month', 'user_id', 'kind', 'id'],
  credit_notes: ['credited_at', 'id'],
  refunds: ['created_at', 'id'],
  payments: ['month', 'account', 'block', 'series'],
  top_ups: ['paid_at', 'topup_id'],
  trial_balance: ['unit', 'side'],
  statement: ['user_id', 'month', 'at', 'kind', 'reference', 'amount_minor'],
  closings: ['period', 'number'],
  seals: ['partition'],
  comparisons: ['period'],
  acknowledgements: ['at', 'kind', 'reference'],
  assigned_payments: ['paid_at', 'payment_intent'],
  receivables_ledger: ['user_id', 'currency', 'at', 'amount_minor', 'kind', 'reference'],
};
/** The setting of a transaction by which the views show figures as they were at a time. */
export const financeAsOf = 'tollgate.as_of';
