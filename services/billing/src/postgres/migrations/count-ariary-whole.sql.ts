/**
 * Amounts as text, by the table of `libs/pricing/src/currencies.ts`: an ariary is whole, as Stripe counts and charges
 * it.
 */
export const countAriaryWhole = {
  name: '20261127193000-count-ariary-whole',
  sql: `
create or replace function finance.decimal(p_minor numeric, p_currency text) returns text language sql immutable strict
  as $$
  select case
    when p_currency in ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'UGX', 'VND',
      'VUV', 'XAF', 'XOF', 'XPF')
      then trunc(p_minor)::text
    when p_currency in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then round(p_minor / 1000, 3)::text
    else round(p_minor / 100, 2)::text end
$$;
`,
} as const;
