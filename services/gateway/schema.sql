-- The schema "gateway" as its migrations leave it, for reading and for comparing; nothing executes this file.
-- Written by `npm run schema`; a spec fails when a fresh migration differs.

table gateway.api_keys
  id uuid not null
  name text
  key_hash text not null
  scopes text[] not null
  rate_limit_per_s integer
  created_at timestamp with time zone not null default now()
  revoked_at timestamp with time zone
  expires_at timestamp with time zone
  account text
  last_used_at timestamp with time zone
  constraint api_keys_hash_once UNIQUE (key_hash)
  constraint api_keys_pkey PRIMARY KEY (id)
  constraint api_keys_rate_positive CHECK ((rate_limit_per_s > 0))

table gateway.consumption_queue
  id uuid not null default gen_random_uuid()
  user_id text not null
  tokens_used bigint not null
  operation_type text not null
  client_id text
  metadata jsonb not null
  created_at timestamp with time zone not null default now()
  appended_at timestamp with time zone
  set_aside_at timestamp with time zone
  set_aside_reason text
  constraint consumption_client_id_length CHECK (((length(client_id) >= 1) AND (length(client_id) <= 128)))
  constraint consumption_client_id_readable CHECK ((client_id !~ '[--]'::text))
  constraint consumption_metadata_object CHECK ((jsonb_typeof(metadata) = 'object'::text))
  constraint consumption_metadata_size CHECK ((octet_length((metadata)::text) <= 65536))
  constraint consumption_operation_type_length CHECK (((length(operation_type) >= 1) AND (length(operation_type) <= 128)))
  constraint consumption_operation_type_readable CHECK ((operation_type !~ '[--]'::text))
  constraint consumption_queue_pkey PRIMARY KEY (id)
  constraint consumption_tokens_used_range CHECK (((tokens_used >= 0) AND (tokens_used <= '9007199254740991'::bigint)))
  constraint consumption_user_id_length CHECK (((length(user_id) >= 1) AND (length(user_id) <= 128)))
  constraint consumption_user_id_readable CHECK (((user_id !~ '[--]'::text) AND (user_id !~ '(^|/)[.][.]?(/|$)'::text)))
  CREATE INDEX consumption_appended ON gateway.consumption_queue USING btree (appended_at) WHERE (appended_at IS NOT NULL)
  CREATE INDEX consumption_set_aside ON gateway.consumption_queue USING btree (set_aside_at) WHERE (set_aside_at IS NOT NULL)
  CREATE INDEX consumption_waiting ON gateway.consumption_queue USING btree (created_at, id) WHERE ((appended_at IS NULL) AND (set_aside_at IS NULL))

table gateway.license_keys
  id uuid not null
  license_key text not null
  account text not null
  partition smallint not null
  user_id text
  price_per_token bigint
  created_at timestamp with time zone not null default now()
  opened_at timestamp with time zone
  deleted_at timestamp with time zone
  constraint license_keys_account_once UNIQUE (account)
  constraint license_keys_key_once UNIQUE (license_key)
  constraint license_keys_pkey PRIMARY KEY (id)
  constraint license_keys_price_positive CHECK ((price_per_token >= 1))
  CREATE INDEX license_keys_by_age ON gateway.license_keys USING btree (created_at, id)
  CREATE INDEX license_keys_by_user ON gateway.license_keys USING btree (user_id)

table gateway.login_failures
  id bigint not null generated always as identity
  account text not null
  failed_at timestamp with time zone not null
  address text not null
  constraint login_failures_pkey PRIMARY KEY (id)
  CREATE INDEX login_failures_by_account ON gateway.login_failures USING btree (account, address, failed_at DESC)
  CREATE INDEX login_failures_by_age ON gateway.login_failures USING btree (failed_at)

table gateway.operations
  id uuid not null
  account text not null
  operation text not null
  key text
  content_hash text not null
  request jsonb not null
  step text not null default 'started'::text
  hold text
  delivered jsonb
  result jsonb
  reason text
  leased_by uuid not null
  leased_until timestamp with time zone not null
  created_at timestamp with time zone not null default now()
  updated_at timestamp with time zone not null default now()
  erased_at timestamp with time zone
  constraint operations_key_once UNIQUE (account, operation, key)
  constraint operations_pkey PRIMARY KEY (id)
  constraint operations_step_known CHECK ((step = ANY (ARRAY['started'::text, 'held'::text, 'answered'::text, 'failing'::text, 'done'::text, 'failed'::text, 'orphaned'::text])))
  CREATE INDEX operations_open ON gateway.operations USING btree (leased_until) WHERE (step = ANY (ARRAY['started'::text, 'held'::text, 'answered'::text, 'failing'::text]))
  CREATE INDEX operations_orphaned ON gateway.operations USING btree (updated_at) WHERE ((step = 'orphaned'::text) OR (reason IS NOT NULL))
  CREATE INDEX operations_over ON gateway.operations USING btree (updated_at) WHERE ((key IS NULL) AND (step = ANY (ARRAY['done'::text, 'failed'::text])))

table gateway.optimize_submits
  id uuid not null
  account text not null
  idempotency_key text
  content_hash text not null
  submit jsonb not null
  answer json
  lease_until timestamp with time zone not null
  created_at timestamp with time zone not null default now()
  constraint optimize_submits_key_once UNIQUE (account, idempotency_key)
  constraint optimize_submits_pkey PRIMARY KEY (id)
  CREATE INDEX optimize_submits_under_way ON gateway.optimize_submits USING btree (lease_until) WHERE (answer IS NULL)

table gateway.users
  id text not null
  email text
  name text
  role text not null default 'user'::text
  password_hash text
  key_salt text
  created_at timestamp with time zone not null default now()
  token_version integer not null default 0
  key_created_at timestamp with time zone not null default now()
  credentials_changed_at timestamp with time zone not null default now()
  configured_password_hash text
  constraint users_email_once UNIQUE (email)
  constraint users_pkey PRIMARY KEY (id)
  constraint users_role_known CHECK ((role = ANY (ARRAY['user'::text, 'admin'::text])))
  CREATE INDEX users_by_credentials_change ON gateway.users USING btree (credentials_changed_at)


sequence gateway.login_failures_id_seq bigint start 1 increment 1

grant delete, insert, select on gateway.login_failures to tollgate_gateway
grant delete, insert, select, update on gateway.operations to tollgate_gateway
grant delete, insert, select, update on gateway.optimize_submits to tollgate_gateway
grant delete, select on gateway.consumption_queue to tollgate_gateway
grant insert, select, update on gateway.api_keys to tollgate_gateway
grant insert, select, update on gateway.license_keys to tollgate_gateway
grant insert, select, update on gateway.users to tollgate_gateway
grant update (appended_at, client_id, metadata, operation_type, set_aside_at, set_aside_reason) on gateway.consumption_queue to tollgate_gateway
grant usage on schema gateway to tollgate_gateway

-- The schema "public" as its migrations leave it, for reading and for comparing; nothing executes this file.
-- Written by `npm run schema`; a spec fails when a fresh migration differs.

view public.license_quotas as
 SELECT l.token_hash,
    round(l.quota_bytes::numeric / 1048576.0, 2) AS quota_mb,
    round(COALESCE(u.used_after, 0::bigint)::numeric / 1048576.0, 2) AS used_mb,
    round(GREATEST(l.quota_bytes - COALESCE(u.used_after, 0::bigint), 0::bigint)::numeric / 1048576.0, 2) AS remaining_mb,
    l.subscription_type,
    l.expires_at,
    l.valid,
    l.fetched_at AS last_quota_check,
    s.recorded_at AS last_used_at
   FROM quota.limits l
     LEFT JOIN ledger.accounts a ON a.partition = l.partition AND a.id = ('quota:'::text || "left"(l.token_hash, 32))
     LEFT JOIN LATERAL ( SELECT entries.used_after
           FROM ledger.entries
          WHERE entries.partition = a.partition AND entries.account = a.account
          ORDER BY entries.seq DESC
         LIMIT 1) u ON true
     LEFT JOIN LATERAL ( SELECT entries.recorded_at
           FROM ledger.entries
          WHERE entries.partition = a.partition AND entries.account = a.account AND entries.kind = 4
          ORDER BY entries.seq DESC
         LIMIT 1) s ON true;
view public.token_billing_charges as
 SELECT c.charge_id AS id,
    replace(replace(substr(a.id, 9), '%2F'::text, '/'::text), '%25'::text, '%'::text) AS user_id,
    COALESCE(c.billing_tier, public.calculate_billing_tier(8000000 * c.block + 1)) AS billing_tier,
    c.block,
    COALESCE(c.amount_minor, 10000::bigint) AS amount_charged,
    COALESCE(c.currency, 'BRL'::text) AS currency,
        CASE
            WHEN b.status IS NULL OR b.status = 'processing'::text THEN 'pending'::text
            ELSE b.status
        END AS status,
    c.period_start,
    c.period_end,
    e.recorded_at AS created_at
   FROM ledger.crossings c
     JOIN ledger.accounts a ON a.partition = c.partition AND a.account = c.account
     JOIN ledger.entries e ON e.partition = c.partition AND e.partition_seq = c.partition_seq
     LEFT JOIN billing.charges b ON b.id = c.charge_id
  WHERE a.kind = 4 AND a.id ~~ 'metered:%'::text AND POSITION(('/'::text) IN (a.id)) = 0 AND views.sees_user(replace(replace(substr(a.id, 9), '%2F'::text, '/'::text), '%25'::text, '%'::text));
view public.token_consumption as
 SELECT
        CASE
            WHEN s.text = 'sql:record_token_consumption'::text THEN e.request_id::uuid
            ELSE views.consumption_id((e.partition || '-'::text) || e.partition_seq)
        END AS id,
    replace(replace(substr(a.id, 9), '%2F'::text, '/'::text), '%25'::text, '%'::text) AS user_id,
    (d.content -> 'metadata'::text) ->> 'client_id'::text AS client_id,
    d.content ->> 'purpose'::text AS operation_type,
    - e.amount AS tokens_used,
    COALESCE((d.content -> 'metadata'::text) -> 'metadata'::text, '{}'::jsonb) AS metadata,
    e.recorded_at AS created_at
   FROM ledger.accounts a
     JOIN ledger.entries e ON e.partition = a.partition AND e.account = a.account AND (e.kind = ANY (ARRAY[4, 7, 12, 14]))
     JOIN ledger.names s ON s.partition = e.partition AND s.name = e.source
     LEFT JOIN ledger.details d ON d.partition = e.partition AND d.partition_seq = e.partition_seq
  WHERE a.kind = 4 AND a.id ~~ 'metered:%'::text AND POSITION(('/'::text) IN (a.id)) = 0 AND (e.kind = 4 OR e.amount <> 0) AND views.sees_user(replace(replace(substr(a.id, 9), '%2F'::text, '/'::text), '%25'::text, '%'::text));
view public.token_usage as
 SELECT (e.partition || '-'::text) || e.partition_seq AS id,
    k.id AS license_key_id,
    t.owner AS user_id,
    e.balance_after - e.amount AS previous_balance,
    e.balance_after AS new_balance,
    d.content ->> 'purpose'::text AS purpose,
    d.content -> 'metadata'::text AS metadata,
    e.recorded_at AS created_at
   FROM gateway.license_keys k
     JOIN ledger.accounts a ON a.partition = k.partition AND a.id = k.account
     JOIN ledger.entries e ON e.partition = a.partition AND e.account = a.account AND e.kind = 4
     LEFT JOIN ledger.details d ON d.partition = e.partition AND d.partition_seq = e.partition_seq
     LEFT JOIN LATERAL ( SELECT account_terms.owner
           FROM ledger.account_terms
          WHERE account_terms.partition = e.partition AND account_terms.account = e.account AND account_terms.seq <= e.seq
          ORDER BY account_terms.seq DESC
         LIMIT 1) t ON true
  WHERE views.sees_user(t.owner);
view public.token_usage_summary as
 SELECT user_id,
    period_start,
    total_tokens,
    views.tier_label(total_tokens, (plan ->> 'included'::text)::bigint, (plan ->> 'block'::text)::bigint) AS current_tier,
    fixed_fee_charged,
    tier_charges_count,
    tier_charges_total,
    fixed_fee_charged + tier_charges_total AS total_charged,
    currency
   FROM ( SELECT replace(replace(substr(a.id, 9), '%2F'::text, '/'::text), '%25'::text, '%'::text) AS user_id,
            date_trunc('month'::text, (to_timestamp(((k.period_start_ms + k.period_end_ms) / 2000)::double precision) AT TIME ZONE 'UTC'::text))::date AS period_start,
                CASE
                    WHEN (EXTRACT(epoch FROM last.period_start) * 1000::numeric) = k.period_start_ms::numeric THEN last.used_after
                    ELSE k.used
                END AS total_tokens,
            priced.plan,
            priced.currency,
            ( SELECT COALESCE(sum(i.amount_minor), 0::numeric)::bigint AS "coalesce"
                   FROM billing.customers u
                     JOIN billing.invoices i ON i.customer_id = u.customer_id
                  WHERE u.user_id = replace(replace(substr(a.id, 9), '%2F'::text, '/'::text), '%25'::text, '%'::text) AND i.status = 'paid'::text AND i.currency = priced.currency AND i.period_start >= to_timestamp((k.period_start_ms::numeric / 1000.0)::double precision) AND i.period_start < to_timestamp((k.period_end_ms::numeric / 1000.0)::double precision)) AS fixed_fee_charged,
            charges.tier_charges_count,
            charges.tier_charges_total
           FROM ledger.accounts a
             CROSS JOIN LATERAL ( SELECT DISTINCT ON (counters.period_start_ms) counters.period_start_ms,
                    counters.period_end_ms,
                    counters.used
                   FROM ledger.counters
                  WHERE counters.partition = a.partition AND counters.account = a.account AND counters.period_start_ms >= 0
                  ORDER BY counters.period_start_ms, counters.seq DESC) k
             CROSS JOIN LATERAL ( SELECT e.period_start,
                    e.used_after
                   FROM ledger.entries e
                  WHERE e.partition = a.partition AND e.account = a.account
                  ORDER BY e.seq DESC
                 LIMIT 1) last
             CROSS JOIN LATERAL ( SELECT p.plan,
                    COALESCE(p.plan ->> 'currency'::text, 'BRL'::text) AS currency
                   FROM ( SELECT views.plan_content(a.partition, a.account, to_timestamp((k.period_start_ms::numeric / 1000.0)::double precision)) AS plan) p) priced
             CROSS JOIN LATERAL ( SELECT count(*) AS tier_charges_count,
                    COALESCE(sum(COALESCE(c.amount_minor, 10000::bigint)), 0::numeric)::bigint AS tier_charges_total
                   FROM ledger.crossings c
                     LEFT JOIN billing.charges b ON b.id = c.charge_id
                  WHERE c.partition = a.partition AND c.account = a.account AND (EXTRACT(epoch FROM c.period_start) * 1000::numeric) = k.period_start_ms::numeric AND b.status IS DISTINCT FROM 'cancelled'::text AND COALESCE(c.currency, 'BRL'::text) = priced.currency) charges
          WHERE a.kind = 4 AND a.id ~~ 'metered:%'::text AND POSITION(('/'::text) IN (a.id)) = 0 AND views.sees_user(replace(replace(substr(a.id, 9), '%2F'::text, '/'::text), '%25'::text, '%'::text))) months;

CREATE OR REPLACE FUNCTION public.calculate_billing_tier(tokens_used bigint)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE STRICT
AS $function$
  select case when tokens_used <= 8000000 then '0-8M'
    else (8 * k)::text || 'M-' || (8 * (k + 1))::text || 'M' end
  from (select (tokens_used - 1) / 8000000 as k) as blocks
$function$

CREATE OR REPLACE FUNCTION public.get_user_token_summary(p_user_id text, p_period_start date DEFAULT (date_trunc('month'::text, (now() AT TIME ZONE 'UTC'::text)))::date)
 RETURNS TABLE(total_tokens bigint, current_tier text, fixed_fee_charged bigint, tier_charges_count bigint, tier_charges_total bigint, total_charged bigint)
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(s.total_tokens, 0), coalesce(s.current_tier, '0-8M'), coalesce(s.fixed_fee_charged, f.amount, 0),
    coalesce(s.tier_charges_count, 0),
         coalesce(s.tier_charges_total, 0), coalesce(s.total_charged, f.amount, 0)
    from (select date_trunc('month', p_period_start)::date as month) as asked
    left join public.token_usage_summary s on s.user_id = p_user_id and s.period_start = asked.month
    left join lateral (
      select amount from views.paid_fees where user_id = p_user_id and period_start = asked.month
        order by currency = 'BRL' desc, currency limit 1
    ) f on true
$function$

CREATE OR REPLACE FUNCTION public.record_token_consumption(p_user_id text, p_tokens_used bigint, p_operation_type text DEFAULT 'chat'::text, p_client_id text DEFAULT NULL::text, p_metadata jsonb DEFAULT '{}'::jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO ''
AS $function$
declare
  recorded uuid;
begin
  if not coalesce(views.may_report(p_user_id), false) then
    raise insufficient_privilege using message =
      'usage of another user than app.user_id names is recorded by tollgate_producer only';
  end if;
  insert into gateway.consumption_queue (user_id, tokens_used, operation_type, client_id, metadata)
  values (p_user_id, p_tokens_used, p_operation_type, p_client_id, coalesce(p_metadata, '{}'::jsonb))
    returning id into recorded;
  return recorded;
end
$function$


grant select on public.license_quotas to finance
grant select on public.token_billing_charges to finance
grant select on public.token_billing_charges to tollgate_reader
grant select on public.token_consumption to finance
grant select on public.token_consumption to tollgate_reader
grant select on public.token_usage to finance
grant select on public.token_usage to tollgate_reader
grant select on public.token_usage_summary to finance
grant select on public.token_usage_summary to tollgate_reader
grant usage on schema public to public
