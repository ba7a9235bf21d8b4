/**
 * Refusals that were answered, for people who look: no part of the books, so that they are trimmed and removed. Kept
 * behind the answers.
 */
export const keepAnsweredRefusals = `
create table ledger.answered_refusals (
  partition smallint not null,
  number bigint generated always as identity,
  account text not null,
  source text not null,
  request_id text not null,
  type text not null,
  code text not null,
  detail text not null,
  -- The bound that refused, what was asked and what was available.
  bound jsonb,
  correlation text,
  refused_at timestamptz not null,
  -- How many it stands for.
  count integer not null check (count > 0),
  constraint answered_refusals_pkey primary key (partition, number)
);
create index answered_refusals_by_account on ledger.answered_refusals (partition, account, number);
create index answered_refusals_by_time on ledger.answered_refusals (refused_at, number);
comment on table ledger.answered_refusals
  is 'Answered refusals, 30 days, the newest 1,000 an account; beyond 60 a minute they are counted';
grant select, insert, delete on ledger.answered_refusals to tollgate_ledger;
`;
