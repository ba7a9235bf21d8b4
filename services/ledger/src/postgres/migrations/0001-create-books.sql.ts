/**
 * The books: everything is inserted, nothing is changed in place but the positions. `partition` leads every key (design
 * §2).
 */
export const createBooks = `
create table ledger.placement (
  one boolean primary key default true check (one),
  partitions smallint not null check (partitions between 1 and 4096),
  hash_version smallint not null
);

-- How far each partition is booked, and who may book it (rules 2 and 5). The only rows updated on the hot path.
create table ledger.positions (
  partition smallint primary key,
  epoch bigint not null default 0,
  topic_id text,
  next_offset bigint not null default 0,
  last_time_ms bigint not null default 0,
  last_record text,
  last_seq bigint not null default 0,
  last_account integer not null default 0,
  last_name integer not null default 0,
  timer_due_ms bigint not null default -1,
  timer_account integer not null default 0,
  timer_kind smallint not null default 0,
  timer_object bigint not null default 0,
  halted text
) with (fillfactor = 20);

-- Units, contra accounts and sources, interned as small numbers a partition.
create table ledger.names (
  partition smallint not null,
  name integer not null,
  text text not null,
  constraint names_pkey primary key (partition, name),
  constraint names_text_once unique (partition, text)
);

create table ledger.accounts (
  partition smallint not null,
  account integer not null,
  id text not null,
  kind smallint not null,
  unit integer not null,
  opened_at timestamptz not null,
  constraint accounts_pkey primary key (partition, account),
  constraint accounts_id_once unique (partition, id)
);

create table ledger.entries (
  partition smallint not null,
  kind smallint not null,
  ordinal smallint not null,
  late boolean not null,
  account integer not null,
  contra integer not null,
  source integer not null,
  partition_seq bigint not null,
  seq bigint not null,
  amount bigint not null,
  balance_after bigint not null,
  held_after bigint not null,
  used_after bigint not null,
  log_offset bigint not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  available_after bigint,
  lot bigint,
  lot_left bigint,
  hold bigint,
  period_start timestamptz,
  corrects bigint,
  request_id text not null,
  content_hash bytea,
  rate text,
  constraint entries_pkey primary key (partition, partition_seq),
  constraint entries_request_once unique (partition, account, source, request_id, ordinal),
  constraint entries_account_order unique (partition, account, seq)
);
create index entries_corrections on ledger.entries (partition, corrects) where corrects is not null;

-- Words beside an entry, erasable: the commitment stays, so that every proof stays valid (rule 29).
create table ledger.details (
  partition smallint not null,
  partition_seq bigint not null,
  commitment bytea not null,
  salt bytea,
  content jsonb,
  constraint details_pkey primary key (partition, partition_seq)
);

-- Versions of what entries cannot tell (rule 15). floor: lowest seq of rows that still matter.
create table ledger.account_terms (
  partition smallint not null,
  account integer not null,
  seq bigint not null,
  status text not null,
  owner text,
  settings jsonb not null,
  limit_fetched_at timestamptz not null,
  constraint account_terms_pkey primary key (partition, account, seq)
);
create table ledger.lots (
  partition smallint not null,
  account integer not null,
  seq bigint not null,
  lot bigint not null,
  "left" bigint not null,
  granted bigint not null,
  priority integer not null,
  expires_at timestamptz,
  floor bigint not null,
  constraint lots_pkey primary key (partition, account, seq, lot)
);
create index lots_by_number on ledger.lots (partition, account, lot, seq);
create table ledger.holds (
  partition smallint not null,
  account integer not null,
  seq bigint not null,
  hold bigint not null,
  amount bigint not null,
  expires_at timestamptz not null,
  parent bigint,
  budgets jsonb not null,
  outcome text not null,
  settled bigint,
  floor bigint not null,
  constraint holds_pkey primary key (partition, account, seq, hold)
);
create index holds_by_number on ledger.holds (partition, account, hold, seq);
create table ledger.counters (
  partition smallint not null,
  account integer not null,
  seq bigint not null,
  -- Milliseconds since 1970; -1 where the account has no periods.
  period_start_ms bigint not null,
  period_end_ms bigint not null,
  used bigint not null,
  high_water bigint not null
);
create index counters_by_period on ledger.counters (partition, account, period_start_ms, seq);

create table ledger.timers (
  partition smallint not null,
  due_ms bigint not null,
  account integer not null,
  kind smallint not null,
  object bigint not null
);
create index timers_due on ledger.timers (partition, due_ms, account, kind, object);

create table ledger.crossings (
  partition smallint not null,
  partition_seq bigint not null,
  account integer not null,
  period_start timestamptz not null,
  period_end timestamptz not null,
  block bigint not null,
  plan text not null,
  constraint crossings_block_once primary key (partition, account, period_start, block)
);
create index crossings_by_seq on ledger.crossings (partition, partition_seq, block);

create table ledger.catalog_versions (
  partition smallint not null,
  catalog text not null,
  name text not null,
  version integer not null,
  booked_at timestamptz not null,
  log_offset bigint not null,
  item jsonb not null,
  constraint catalog_versions_pkey primary key (partition, catalog, name, version)
);

-- Refusals nobody waited for, kept 30 days.
create table ledger.refusals (
  partition smallint not null,
  log_offset bigint not null,
  account text not null,
  source text not null,
  request_id text not null,
  type text not null,
  code text not null,
  detail text not null,
  refused_at timestamptz not null,
  constraint refusals_pkey primary key (partition, log_offset)
);
create index refusals_by_account on ledger.refusals (account, refused_at desc);
create index refusals_by_time on ledger.refusals (refused_at);

-- Poison records, committed with the position that steps over them, then published (rule 13).
create table ledger.dead_letters (
  partition smallint not null,
  log_offset bigint not null,
  reason text not null,
  record_key text not null,
  record_value text not null,
  headers text not null,
  recorded_at timestamptz not null,
  constraint dead_letters_pkey primary key (partition, log_offset)
);

-- How far publishers are; the tables they read are their outboxes (design §3).
create table ledger.publications (
  partition smallint not null,
  topic text not null,
  published_through bigint not null,
  constraint publications_pkey primary key (partition, topic)
);

-- A Merkle tree over each run of entries, chained to the one before (rule 28).
create table ledger.seals (
  partition smallint not null,
  number bigint not null,
  from_seq bigint not null,
  to_seq bigint not null,
  root bytea not null,
  previous bytea not null,
  seal_hash bytea not null,
  sealed_at timestamptz not null,
  constraint seals_pkey primary key (partition, number),
  constraint seals_from_once unique (partition, from_seq)
);
`;
