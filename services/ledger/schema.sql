-- The schema "ledger" as its migrations leave it, for reading and for comparing; nothing executes this file.
-- Written by `npm run schema`; a spec fails when a fresh migration differs.

table ledger.account_terms
  partition smallint not null
  account integer not null
  seq bigint not null
  status text not null
  owner text
  settings jsonb not null
  limit_fetched_at timestamp with time zone not null
  constraint account_terms_pkey PRIMARY KEY (partition, account, seq)
  CREATE INDEX account_terms_by_owner ON ledger.account_terms USING btree (owner, partition, account) WHERE (owner IS NOT NULL)
  CREATE INDEX account_terms_limited ON ledger.account_terms USING btree (partition, account) WHERE (settings ?| ARRAY['limit'::text, 'limits'::text])
  CREATE TRIGGER account_terms_append_only BEFORE DELETE OR UPDATE ON ledger.account_terms FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always
  CREATE TRIGGER account_terms_no_truncate BEFORE TRUNCATE ON ledger.account_terms FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always

table ledger.accounts
  partition smallint not null
  account integer not null
  id text not null
  kind smallint not null
  unit integer not null
  opened_at timestamp with time zone not null
  constraint accounts_id_once UNIQUE (partition, id)
  constraint accounts_pkey PRIMARY KEY (partition, account)
  CREATE TRIGGER accounts_append_only BEFORE DELETE OR UPDATE ON ledger.accounts FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always
  CREATE TRIGGER accounts_no_truncate BEFORE TRUNCATE ON ledger.accounts FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always

table ledger.answered_refusals
  partition smallint not null
  number bigint not null generated always as identity
  account text not null
  source text not null
  request_id text not null
  type text not null
  code text not null
  detail text not null
  bound jsonb
  correlation text
  refused_at timestamp with time zone not null
  count integer not null
  constraint answered_refusals_count_check CHECK ((count > 0))
  constraint answered_refusals_pkey PRIMARY KEY (partition, number)
  CREATE INDEX answered_refusals_by_account ON ledger.answered_refusals USING btree (partition, account, number)
  CREATE INDEX answered_refusals_by_time ON ledger.answered_refusals USING btree (refused_at, number)

table ledger.block_changes
  partition smallint not null
  partition_seq bigint not null
  account integer not null
  period_start timestamp with time zone not null
  period_end timestamp with time zone not null
  block bigint not null
  plan text not null
  charge_id uuid not null
  plan_version integer not null
  billing_tier text not null
  amount_minor bigint not null
  currency text not null
  change text not null
  constraint block_changes_change_check CHECK ((change = ANY (ARRAY['left'::text, 'regained'::text])))
  constraint block_changes_pkey PRIMARY KEY (partition, partition_seq, block)
  CREATE INDEX block_changes_by_block ON ledger.block_changes USING btree (partition, account, period_start, block)
  CREATE TRIGGER block_changes_append_only BEFORE DELETE OR UPDATE ON ledger.block_changes FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always
  CREATE TRIGGER block_changes_no_truncate BEFORE TRUNCATE ON ledger.block_changes FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always

table ledger.catalog_versions
  partition smallint not null
  catalog text not null
  name text not null
  version integer not null
  booked_at timestamp with time zone not null
  log_offset bigint not null
  item jsonb not null
  constraint catalog_versions_pkey PRIMARY KEY (partition, catalog, name, version)
  CREATE TRIGGER catalog_versions_append_only BEFORE DELETE OR UPDATE ON ledger.catalog_versions FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always
  CREATE TRIGGER catalog_versions_no_truncate BEFORE TRUNCATE ON ledger.catalog_versions FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always

table ledger.counters
  partition smallint not null
  account integer not null
  seq bigint not null
  period_start_ms bigint not null
  period_end_ms bigint not null
  used bigint not null
  high_water bigint not null
  used_before bigint not null default 0
  CREATE INDEX counters_by_period ON ledger.counters USING btree (partition, account, period_start_ms, seq)
  CREATE TRIGGER counters_append_only BEFORE DELETE OR UPDATE ON ledger.counters FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always
  CREATE TRIGGER counters_no_truncate BEFORE TRUNCATE ON ledger.counters FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always

table ledger.crossings
  partition smallint not null
  partition_seq bigint not null
  account integer not null
  period_start timestamp with time zone not null
  period_end timestamp with time zone not null
  block bigint not null
  plan text not null
  charge_id uuid
  plan_version integer
  billing_tier text
  amount_minor bigint
  currency text
  constraint crossings_block_once PRIMARY KEY (partition, account, period_start, block)
  CREATE INDEX crossings_by_seq ON ledger.crossings USING btree (partition, partition_seq, block)
  CREATE TRIGGER crossings_append_only BEFORE DELETE OR UPDATE ON ledger.crossings FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always
  CREATE TRIGGER crossings_no_truncate BEFORE TRUNCATE ON ledger.crossings FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always

table ledger.dead_letters
  partition smallint not null
  log_offset bigint not null
  reason text not null
  record_key text not null
  record_value text not null
  headers text not null
  recorded_at timestamp with time zone not null
  constraint dead_letters_pkey PRIMARY KEY (partition, log_offset)
  CREATE TRIGGER dead_letters_append_only BEFORE DELETE OR UPDATE ON ledger.dead_letters FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always
  CREATE TRIGGER dead_letters_no_truncate BEFORE TRUNCATE ON ledger.dead_letters FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always

table ledger.details
  partition smallint not null
  partition_seq bigint not null
  commitment bytea not null
  salt bytea
  content jsonb
  constraint details_pkey PRIMARY KEY (partition, partition_seq)
  CREATE TRIGGER details_erase_only BEFORE DELETE OR UPDATE ON ledger.details FOR EACH ROW EXECUTE FUNCTION ledger.refuse_details_change()
  CREATE TRIGGER details_no_truncate BEFORE TRUNCATE ON ledger.details FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()

table ledger.entries
  partition smallint not null
  kind smallint not null
  ordinal smallint not null
  late boolean not null
  account integer not null
  contra integer not null
  source integer not null
  partition_seq bigint not null
  seq bigint not null
  amount bigint not null
  balance_after bigint not null
  held_after bigint not null
  used_after bigint not null
  log_offset bigint not null
  occurred_at timestamp with time zone not null
  recorded_at timestamp with time zone not null
  available_after bigint
  lot bigint
  lot_left bigint
  hold bigint
  period_start timestamp with time zone
  corrects bigint
  request_id text not null
  content_hash bytea
  rate text
  constraint entries_account_order UNIQUE (partition, account, seq)
  constraint entries_pkey PRIMARY KEY (partition, partition_seq)
  constraint entries_request_once UNIQUE (partition, account, source, request_id, ordinal)
  CREATE INDEX entries_corrections ON ledger.entries USING btree (partition, corrects) WHERE (corrects IS NOT NULL)
  CREATE INDEX entries_top_ups ON ledger.entries USING btree (partition, account, seq) WHERE (kind = ANY (ARRAY[3, 13]))
  CREATE TRIGGER entries_append_only BEFORE DELETE OR UPDATE ON ledger.entries FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always
  CREATE TRIGGER entries_no_truncate BEFORE TRUNCATE ON ledger.entries FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always

table ledger.holds
  partition smallint not null
  account integer not null
  seq bigint not null
  hold bigint not null
  amount bigint not null
  expires_at timestamp with time zone not null
  parent bigint
  budgets jsonb not null
  outcome text not null
  settled bigint
  floor bigint not null
  constraint holds_pkey PRIMARY KEY (partition, account, seq, hold)
  CREATE INDEX holds_by_number ON ledger.holds USING btree (partition, account, hold, seq)
  CREATE TRIGGER holds_append_only BEFORE DELETE OR UPDATE ON ledger.holds FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always
  CREATE TRIGGER holds_no_truncate BEFORE TRUNCATE ON ledger.holds FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always

table ledger.limit_counts
  partition smallint not null
  account integer not null
  seq bigint not null
  counts jsonb not null
  constraint limit_counts_pkey PRIMARY KEY (partition, account, seq)
  CREATE TRIGGER limit_counts_append_only BEFORE DELETE OR UPDATE ON ledger.limit_counts FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always
  CREATE TRIGGER limit_counts_no_truncate BEFORE TRUNCATE ON ledger.limit_counts FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always

table ledger.lots
  partition smallint not null
  account integer not null
  seq bigint not null
  lot bigint not null
  left bigint not null
  granted bigint not null
  priority integer not null
  expires_at timestamp with time zone
  floor bigint not null
  purchased boolean not null default false
  constraint lots_pkey PRIMARY KEY (partition, account, seq, lot)
  CREATE INDEX lots_by_number ON ledger.lots USING btree (partition, account, lot, seq)
  CREATE TRIGGER lots_append_only BEFORE DELETE OR UPDATE ON ledger.lots FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always
  CREATE TRIGGER lots_no_truncate BEFORE TRUNCATE ON ledger.lots FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always

table ledger.names
  partition smallint not null
  name integer not null
  text text not null
  constraint names_pkey PRIMARY KEY (partition, name)
  constraint names_text_once UNIQUE (partition, text)
  CREATE TRIGGER names_append_only BEFORE DELETE OR UPDATE ON ledger.names FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always
  CREATE TRIGGER names_no_truncate BEFORE TRUNCATE ON ledger.names FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always

table ledger.placement
  one boolean not null default true
  partitions smallint not null
  hash_version smallint not null
  constraint placement_one_check CHECK (one)
  constraint placement_partitions_check CHECK (((partitions >= 1) AND (partitions <= 4096)))
  constraint placement_pkey PRIMARY KEY (one)

table ledger.positions with (fillfactor=20)
  partition smallint not null
  epoch bigint not null default 0
  topic_id text
  next_offset bigint not null default 0
  last_time_ms bigint not null default 0
  last_record text
  last_seq bigint not null default 0
  last_account integer not null default 0
  last_name integer not null default 0
  timer_due_ms bigint not null default '-1'::integer
  timer_account integer not null default 0
  timer_kind smallint not null default 0
  timer_object bigint not null default 0
  halted text
  log_base bigint not null default 0
  constraint positions_log_base_check CHECK ((log_base >= 0))
  constraint positions_pkey PRIMARY KEY (partition)

table ledger.publications
  partition smallint not null
  topic text not null
  published_through bigint not null
  constraint publications_pkey PRIMARY KEY (partition, topic)

table ledger.refusals
  partition smallint not null
  log_offset bigint not null
  account text not null
  source text not null
  request_id text not null
  type text not null
  code text not null
  detail text not null
  refused_at timestamp with time zone not null
  constraint refusals_pkey PRIMARY KEY (partition, log_offset)
  CREATE INDEX refusals_by_account ON ledger.refusals USING btree (account, refused_at DESC)
  CREATE INDEX refusals_by_time ON ledger.refusals USING btree (refused_at)

table ledger.seals
  partition smallint not null
  number bigint not null
  from_seq bigint not null
  to_seq bigint not null
  root bytea not null
  previous bytea not null
  seal_hash bytea not null
  sealed_at timestamp with time zone not null
  constraint seals_from_once UNIQUE (partition, from_seq)
  constraint seals_pkey PRIMARY KEY (partition, number)
  CREATE TRIGGER seals_append_only BEFORE DELETE OR UPDATE ON ledger.seals FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always
  CREATE TRIGGER seals_no_truncate BEFORE TRUNCATE ON ledger.seals FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always

table ledger.timers
  partition smallint not null
  due_ms bigint not null
  account integer not null
  kind smallint not null
  object bigint not null
  CREATE INDEX timers_due ON ledger.timers USING btree (partition, due_ms, account, kind, object)
  CREATE TRIGGER timers_append_only BEFORE DELETE OR UPDATE ON ledger.timers FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always
  CREATE TRIGGER timers_no_truncate BEFORE TRUNCATE ON ledger.timers FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change() -- always


sequence ledger.answered_refusals_number_seq bigint start 1 increment 1

CREATE OR REPLACE FUNCTION ledger.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name, tg_op
    using errcode = 'insufficient_privilege', hint = 'a mistake is corrected by another entry';
end $function$

CREATE OR REPLACE FUNCTION ledger.refuse_details_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'UPDATE' and new.partition = old.partition and new.partition_seq = old.partition_seq
    and new.commitment = old.commitment and new.salt is null and new.content is null then return new;
  end if;
  raise exception 'ledger.details can only be erased' using errcode = 'insufficient_privilege';
end $function$


grant delete, insert, maintain, select on ledger.refusals to tollgate_ledger
grant delete, insert, select on ledger.answered_refusals to tollgate_ledger
grant insert, maintain, select on ledger.account_terms to tollgate_ledger
grant insert, maintain, select on ledger.accounts to tollgate_ledger
grant insert, maintain, select on ledger.block_changes to tollgate_ledger
grant insert, maintain, select on ledger.catalog_versions to tollgate_ledger
grant insert, maintain, select on ledger.counters to tollgate_ledger
grant insert, maintain, select on ledger.crossings to tollgate_ledger
grant insert, maintain, select on ledger.dead_letters to tollgate_ledger
grant insert, maintain, select on ledger.details to tollgate_ledger
grant insert, maintain, select on ledger.entries to tollgate_ledger
grant insert, maintain, select on ledger.holds to tollgate_ledger
grant insert, maintain, select on ledger.limit_counts to tollgate_ledger
grant insert, maintain, select on ledger.lots to tollgate_ledger
grant insert, maintain, select on ledger.names to tollgate_ledger
grant insert, maintain, select on ledger.placement to tollgate_ledger
grant insert, maintain, select on ledger.seals to tollgate_ledger
grant insert, maintain, select on ledger.timers to tollgate_ledger
grant insert, maintain, select, update on ledger.positions to tollgate_ledger
grant insert, maintain, select, update on ledger.publications to tollgate_ledger
grant update (content, salt) on ledger.details to tollgate_ledger
grant usage on schema ledger to tollgate_ledger
