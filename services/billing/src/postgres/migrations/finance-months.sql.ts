/**
 * What every view of finance is made with: amounts as text (by the table of `libs/pricing/src/currencies.ts`), one
 * meaning of a month (docs/finance.md), and the moment as of which the figures are shown: the setting `tollgate.as_of`
 * of the transaction that reads.
 */
export const financeMonths = {
  name: '20261128000000-finance-months',
  sql: `
do $$ begin
  create role finance nologin;
exception when duplicate_object or unique_violation or internal_error then null;
end $$;
grant usage on schema finance to finance;

create function finance.decimal(p_minor numeric, p_currency text) returns text language sql immutable strict
  as $$
  select case
    when p_currency in ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'UGX', 'VND',
      'VUV', 'XAF', 'XOF', 'XPF')
      then trunc(p_minor)::text
    when p_currency in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then round(p_minor / 1000, 3)::text
    else round(p_minor / 100, 2)::text end
$$;

create function finance.as_of() returns timestamptz language sql stable as
  $$ select coalesce(nullif(current_setting('tollgate.as_of', true), '')::timestamptz, 'infinity') $$;

create function finance.month_of(p_start timestamptz, p_end timestamptz) returns text language sql immutable as
  $$ select to_char((p_start + (p_end - p_start) / 2) at time zone 'UTC', 'YYYY-MM') $$;

create function finance.zone_at(p_at timestamptz) returns text language sql stable security definer set search_path =
  '' as $$
  select coalesce((select content ->> 'time_zone' from billing.catalog_versions
    where catalog = 'price-plan' and name = 'default' and effective_from <= p_at order by effective_from desc,
      version desc limit 1), 'UTC')
$$;

create function finance.month_at(p_at timestamptz) returns text language sql stable as $$
  select to_char(p_at at time zone finance.zone_at(date_trunc('month', p_at, finance.zone_at(p_at))), 'YYYY-MM')
$$;
comment on function finance.month_at
  is 'the month of a moment, in the time zone of the plan default in force as that month began';

revoke execute on function finance.zone_at from public;
grant execute on function finance.zone_at to finance, tollgate_finance;

create view finance.charges_then as
select c.* from billing.charges c where finance.as_of() = 'infinity'
union all
select (jsonb_populate_record(null::billing.charges, h.content)).* from (
  select distinct on (id) content from billing.history
  where finance.as_of() <> 'infinity' and kind = 'charges' and at <= finance.as_of() order by id, position desc
) h;
comment on view finance.charges_then is 'billing.charges as they were at finance.as_of(); key id';

create view finance.refunds_then as
select c.* from billing.refunds c where finance.as_of() = 'infinity'
union all
select (jsonb_populate_record(null::billing.refunds, h.content)).* from (
  select distinct on (id) content from billing.history
  where finance.as_of() <> 'infinity' and kind = 'refunds' and at <= finance.as_of() order by id, position desc
) h;
comment on view finance.refunds_then is 'billing.refunds as they were at finance.as_of(); key id';

create view finance.invoices_then as
select c.* from billing.invoices c where finance.as_of() = 'infinity'
union all
select (jsonb_populate_record(null::billing.invoices, h.content)).* from (
  select distinct on (id) content from billing.history
  where finance.as_of() <> 'infinity' and kind = 'invoices' and at <= finance.as_of() order by id, position desc
) h;
comment on view finance.invoices_then is 'billing.invoices as they were at finance.as_of(); key invoice_id';
`,
} as const;
