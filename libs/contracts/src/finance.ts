/** Where finance's views are, and the role that may read them and nothing else. */
export const financeSchemaName = 'finance';
export const financeRole = 'tollgate_finance';
/** Views of the schema `finance`, as exports name them; docs/finance.md has their formulas. */
export const financeViews = [
  'charges', 'attempts', 'fees', 'revenue', 'unbilled_usage', 'usage', 'open_receivables', 'credit_notes', 'refunds', 'payments', 'trial_balance',
  'statement',
] as const;
