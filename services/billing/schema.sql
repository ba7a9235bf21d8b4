-- The schema "billing" as its migrations leave it, for reading and for comparing; nothing executes this file.
-- Written by `npm run schema`; a spec fails when a fresh migration differs.

table billing.acknowledgements
  position bigint not null generated always as identity
  kind text not null
  reference text not null
  difference text not null
  reason text not null
  actor text not null
  address text
  at timestamp with time zone not null
  until timestamp with time zone not null
  constraint acknowledgements_for_a_while CHECK ((until > at))
  constraint acknowledgements_pkey PRIMARY KEY ("position")
  CREATE INDEX acknowledgements_of ON billing.acknowledgements USING btree (kind, reference, until)
  CREATE TRIGGER acknowledgements_append_only BEFORE DELETE OR UPDATE ON billing.acknowledgements FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always
  CREATE TRIGGER acknowledgements_no_truncate BEFORE TRUNCATE ON billing.acknowledgements FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always

table billing.assigned_payments
  payment_intent text not null
  user_id text not null
  amount_minor bigint not null
  currency text not null
  paid_at timestamp with time zone not null
  reason text not null
  actor text not null
  address text
  at timestamp with time zone not null
  constraint assigned_payments_amount_minor_check CHECK ((amount_minor > 0))
  constraint assigned_payments_pkey PRIMARY KEY (payment_intent)
  CREATE TRIGGER assigned_payments_append_only BEFORE DELETE OR UPDATE ON billing.assigned_payments FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always
  CREATE TRIGGER assigned_payments_no_truncate BEFORE TRUNCATE ON billing.assigned_payments FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always

table billing.auto_topups
  account text not null
  user_id text not null
  below bigint not null
  units bigint not null
  amount_minor bigint not null
  currency text not null
  day_max_minor bigint not null
  month_max_minor bigint not null
  failures_max integer not null
  failures integer not null default 0
  reason text
  paused_at timestamp with time zone
  next_try_at timestamp with time zone
  waits_for text
  version integer not null default 1
  changed_by text not null
  changed_from text
  changed_at timestamp with time zone not null
  constraint auto_topups_amount_minor_check CHECK ((amount_minor > 0))
  constraint auto_topups_below_check CHECK ((below >= 0))
  constraint auto_topups_check CHECK ((day_max_minor >= amount_minor))
  constraint auto_topups_check1 CHECK ((month_max_minor >= day_max_minor))
  constraint auto_topups_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
  constraint auto_topups_failures_max_check CHECK ((failures_max > 0))
  constraint auto_topups_pkey PRIMARY KEY (account)
  constraint auto_topups_units_check CHECK ((units > 0))
  constraint auto_topups_waits_for_check CHECK ((waits_for = ANY (ARRAY['refusal'::text, 'ceiling'::text])))
  CREATE TRIGGER auto_topups_history AFTER INSERT OR DELETE OR UPDATE ON billing.auto_topups FOR EACH ROW EXECUTE FUNCTION billing.keep_auto_topup() -- always

table billing.billing_answers
  operation text not null
  scope text not null
  request_key text not null
  content_hash text not null
  answer jsonb
  constraint billing_answers_once PRIMARY KEY (operation, scope, request_key)

table billing.catalog_versions
  catalog text not null
  name text not null
  version integer not null
  effective_from timestamp with time zone not null
  published_at timestamp with time zone not null
  content jsonb not null
  request_key text
  content_hash text not null
  constraint catalog_versions_catalog_check CHECK ((catalog = ANY (ARRAY['rate-card'::text, 'price-plan'::text])))
  constraint catalog_versions_key_once UNIQUE (request_key)
  constraint catalog_versions_never_back_dated CHECK ((effective_from >= published_at))
  constraint catalog_versions_once PRIMARY KEY (catalog, name, version)
  constraint catalog_versions_version_check CHECK ((version > 0))
  CREATE UNIQUE INDEX catalog_versions_plan_once ON billing.catalog_versions USING btree (name, effective_from) WHERE (catalog = 'price-plan'::text)
  CREATE TRIGGER catalog_versions_immutable BEFORE DELETE OR UPDATE OR TRUNCATE ON billing.catalog_versions FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_change()

table billing.charge_attempts
  charge_id uuid not null
  number integer not null
  kind text not null
  idempotency_key text not null
  request jsonb not null
  started_at timestamp with time zone not null
  constraint charge_attempts_charge_fkey FOREIGN KEY (charge_id) REFERENCES billing.charges(id)
  constraint charge_attempts_kind_check CHECK ((kind = ANY (ARRAY['create'::text, 'confirm'::text, 'cancel'::text])))
  constraint charge_attempts_number_check CHECK ((number > 0))
  constraint charge_attempts_pkey PRIMARY KEY (charge_id, number)
  CREATE TRIGGER charge_attempts_append_only BEFORE DELETE OR UPDATE ON billing.charge_attempts FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always
  CREATE TRIGGER charge_attempts_no_truncate BEFORE TRUNCATE ON billing.charge_attempts FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always

table billing.charge_events
  charge_id uuid not null
  number integer not null
  type text not null
  status text not null
  data jsonb not null
  occurred_at timestamp with time zone not null
  constraint charge_events_charge_fkey FOREIGN KEY (charge_id) REFERENCES billing.charges(id)
  constraint charge_events_number_check CHECK ((number > 0))
  constraint charge_events_pkey PRIMARY KEY (charge_id, number)
  CREATE TRIGGER charge_events_append_only BEFORE DELETE OR UPDATE ON billing.charge_events FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always
  CREATE TRIGGER charge_events_no_truncate BEFORE TRUNCATE ON billing.charge_events FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always

table billing.charge_outbox
  position bigint not null generated always as identity
  charge_id uuid not null
  number integer not null
  partition integer
  partition_seq bigint
  appended_at timestamp with time zone
  constraint charge_outbox_event_once UNIQUE (charge_id, number)
  constraint charge_outbox_pkey PRIMARY KEY ("position")
  constraint charge_outbox_seq_once UNIQUE (partition, partition_seq)
  CREATE INDEX charge_outbox_outstanding ON billing.charge_outbox USING btree ("position") WHERE (appended_at IS NULL)

table billing.charges
  id uuid not null
  account text not null
  user_id text
  period_start timestamp with time zone not null
  period_end timestamp with time zone not null
  block bigint not null
  plan text not null
  billing_tier text not null
  amount_minor bigint not null
  currency text not null
  entry text not null
  crossed_at timestamp with time zone
  status text not null
  reason text
  payment_intent text
  attempts integer not null default 0
  refusals integer not null default 0
  unanswered integer not null default 0
  attempt_open boolean not null default false
  next_try_at timestamp with time zone
  version integer not null
  credited_at timestamp with time zone
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  owed boolean not null default true
  series integer not null default 0
  credit_note uuid
  cancel_sent boolean not null default false
  paid_at timestamp with time zone
  constraint charges_amount_minor_check CHECK ((amount_minor >= 0))
  constraint charges_block_check CHECK ((block > 0))
  constraint charges_block_once UNIQUE (account, period_start, block)
  constraint charges_end_untried CHECK (((next_try_at IS NULL) OR (status <> ALL (ARRAY['succeeded'::text, 'cancelled'::text]))))
  constraint charges_payment_intent_once UNIQUE (payment_intent)
  constraint charges_pkey PRIMARY KEY (id)
  constraint charges_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'succeeded'::text, 'requires_action'::text, 'failed'::text, 'cancelled'::text])))
  CREATE INDEX charges_by_user ON billing.charges USING btree (user_id, period_start)
  CREATE INDEX charges_due ON billing.charges USING btree (next_try_at) WHERE (next_try_at IS NOT NULL)
  CREATE INDEX charges_newest ON billing.charges USING btree (created_at DESC, id)
  CREATE TRIGGER charges_history AFTER INSERT OR UPDATE ON billing.charges FOR EACH ROW EXECUTE FUNCTION billing.keep_charges() -- always

table billing.closing_entries
  period text not null
  number integer not null
  entry text not null
  constraint closing_entries_closing_fkey FOREIGN KEY (period, number) REFERENCES billing.closings(period, number)
  constraint closing_entries_pkey PRIMARY KEY (period, number)
  CREATE TRIGGER closing_entries_append_only BEFORE DELETE OR UPDATE ON billing.closing_entries FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always
  CREATE TRIGGER closing_entries_no_truncate BEFORE TRUNCATE ON billing.closing_entries FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always

table billing.closings
  period text not null
  number integer not null
  type text not null
  as_of timestamp with time zone
  figures text
  hash text
  reason text
  actor text not null
  address text
  at timestamp with time zone not null
  constraint closings_number_check CHECK ((number > 0))
  constraint closings_period_check CHECK ((period ~ '^2[0-9]{3}-(0[1-9]|1[0-2])$'::text))
  constraint closings_pkey PRIMARY KEY (period, number)
  constraint closings_reopened_for_a_reason CHECK (((type = 'closed'::text) OR (reason IS NOT NULL)))
  constraint closings_type_check CHECK ((type = ANY (ARRAY['closed'::text, 'reopened'::text])))
  constraint closings_with_figures CHECK (((type = 'closed'::text) = ((figures IS NOT NULL) AND (hash IS NOT NULL) AND (as_of IS NOT NULL))))
  CREATE TRIGGER closings_append_only BEFORE DELETE OR UPDATE ON billing.closings FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always
  CREATE TRIGGER closings_no_truncate BEFORE TRUNCATE ON billing.closings FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always

table billing.credit_notes
  id uuid not null
  charge_id uuid not null
  amount_minor bigint not null
  currency text not null
  reason text not null
  reverses uuid
  created_at timestamp with time zone not null
  constraint credit_notes_amount_minor_check CHECK ((amount_minor <> 0))
  constraint credit_notes_charge_fkey FOREIGN KEY (charge_id) REFERENCES billing.charges(id)
  constraint credit_notes_pkey PRIMARY KEY (id)
  constraint credit_notes_reason_check CHECK ((reason = ANY (ARRAY['corrected'::text, 'regained'::text])))
  constraint credit_notes_reversed_once UNIQUE (reverses)
  constraint credit_notes_reverses_fkey FOREIGN KEY (reverses) REFERENCES billing.credit_notes(id)
  constraint credit_notes_sign CHECK (((reverses IS NULL) = (amount_minor > 0)))
  CREATE INDEX credit_notes_by_charge ON billing.credit_notes USING btree (charge_id)
  CREATE TRIGGER credit_notes_append_only BEFORE DELETE OR UPDATE ON billing.credit_notes FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always
  CREATE TRIGGER credit_notes_no_truncate BEFORE TRUNCATE ON billing.credit_notes FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always

table billing.crossing_positions
  partition integer not null
  partition_seq bigint not null
  block bigint not null
  constraint crossing_positions_pkey PRIMARY KEY (partition)

table billing.customers
  user_id text not null
  customer_id text
  payment_method text
  payment_method_at timestamp with time zone
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  constraint customers_pkey PRIMARY KEY (user_id)
  CREATE INDEX customers_by_customer ON billing.customers USING btree (customer_id)

table billing.feature_endpoints
  id text not null
  feature text not null
  path text not null
  method text
  minimum_token bigint not null default 0
  is_active boolean not null default true
  position bigint not null generated always as identity
  created_at timestamp with time zone not null default now()
  updated_at timestamp with time zone not null default now()
  removed_at timestamp with time zone
  constraint feature_endpoints_feature_fkey FOREIGN KEY (feature) REFERENCES billing.features(id)
  constraint feature_endpoints_minimum_token_check CHECK ((minimum_token >= 0))
  constraint feature_endpoints_pkey PRIMARY KEY (id)

table billing.features
  id text not null
  name text not null
  description text
  is_active boolean not null default true
  position bigint not null generated always as identity
  created_at timestamp with time zone not null default now()
  updated_at timestamp with time zone not null default now()
  removed_at timestamp with time zone
  constraint features_pkey PRIMARY KEY (id)

table billing.fee_events
  invoice_id text not null
  number integer not null
  type text not null
  actor text not null
  address text
  reason text
  occurred_at timestamp with time zone not null
  constraint fee_events_invoice_fkey FOREIGN KEY (invoice_id) REFERENCES billing.invoices(invoice_id)
  constraint fee_events_number_check CHECK ((number > 0))
  constraint fee_events_pkey PRIMARY KEY (invoice_id, number)
  CREATE TRIGGER fee_events_append_only BEFORE DELETE OR UPDATE ON billing.fee_events FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always
  CREATE TRIGGER fee_events_no_truncate BEFORE TRUNCATE ON billing.fee_events FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always

table billing.history
  position bigint not null generated always as identity
  kind text not null
  id text not null
  at timestamp with time zone not null
  content jsonb not null
  constraint history_kind_check CHECK ((kind = ANY (ARRAY['charges'::text, 'refunds'::text, 'invoices'::text])))
  constraint history_pkey PRIMARY KEY ("position")
  CREATE INDEX history_of ON billing.history USING btree (kind, id, "position")
  CREATE TRIGGER history_append_only BEFORE DELETE OR UPDATE ON billing.history FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always
  CREATE TRIGGER history_no_truncate BEFORE TRUNCATE ON billing.history FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always

table billing.invoices
  invoice_id text not null
  subscription_id text not null
  customer_id text not null
  status text not null
  amount_minor bigint not null
  currency text not null
  period_start timestamp with time zone not null
  told_at timestamp with time zone not null
  paid_at timestamp with time zone
  credit_minor bigint not null default 0
  constraint invoices_credit_minor_check CHECK ((credit_minor >= 0))
  constraint invoices_pkey PRIMARY KEY (invoice_id)
  constraint invoices_status_check CHECK ((status = ANY (ARRAY['open'::text, 'failed'::text, 'paid'::text, 'voided'::text, 'uncollectible'::text])))
  CREATE INDEX invoices_by_customer ON billing.invoices USING btree (customer_id, period_start)
  CREATE TRIGGER invoices_dated BEFORE INSERT OR UPDATE ON billing.invoices FOR EACH ROW EXECUTE FUNCTION billing.date_payment() -- always
  CREATE TRIGGER invoices_history AFTER INSERT OR UPDATE ON billing.invoices FOR EACH ROW EXECUTE FUNCTION billing.keep_invoices() -- always

table billing.outbox
  position bigint not null generated always as identity
  catalog text not null
  name text not null
  version integer not null
  appended_at timestamp with time zone
  booked_at timestamp with time zone
  constraint outbox_pkey PRIMARY KEY ("position")
  constraint outbox_version_fkey FOREIGN KEY (catalog, name, version) REFERENCES billing.catalog_versions(catalog, name, version)
  constraint outbox_version_once UNIQUE (catalog, name, version)
  CREATE INDEX outbox_outstanding ON billing.outbox USING btree ("position") WHERE (booked_at IS NULL)

table billing.packages
  id text not null
  name text not null
  features text[] not null
  token bigint not null
  duration_days integer
  overdraft text not null default 'allow'::text
  position bigint not null generated always as identity
  created_at timestamp with time zone not null default now()
  updated_at timestamp with time zone not null default now()
  removed_at timestamp with time zone
  constraint packages_duration_days_check CHECK ((duration_days >= 1))
  constraint packages_overdraft_check CHECK ((overdraft = ANY (ARRAY['allow'::text, 'forbid'::text])))
  constraint packages_pkey PRIMARY KEY (id)
  constraint packages_token_check CHECK ((token >= 0))

table billing.past_payments
  charge_id uuid not null
  series integer not null
  payment_intent text not null
  amount_minor bigint not null
  currency text not null
  ended_at timestamp with time zone not null
  paid_at timestamp with time zone
  constraint past_payments_charge_fkey FOREIGN KEY (charge_id) REFERENCES billing.charges(id)
  constraint past_payments_intent_once UNIQUE (payment_intent)
  constraint past_payments_pkey PRIMARY KEY (charge_id, series)
  CREATE TRIGGER past_payments_append_only BEFORE DELETE OR UPDATE ON billing.past_payments FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always
  CREATE TRIGGER past_payments_no_truncate BEFORE TRUNCATE ON billing.past_payments FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always

table billing.reconciliation_differences
  run uuid not null
  number bigint not null generated always as identity
  kind text not null
  reference text not null
  charge_id uuid
  payment_intent text
  account text
  reason text not null
  fix text
  proposal text
  outcome text
  constraint reconciliation_differences_fix_check CHECK ((fix = ANY (ARRAY['take_state'::text, 'open_charge'::text, 'take_invoice'::text, 'take_refund'::text])))
  constraint reconciliation_differences_once UNIQUE (run, kind, reference)
  constraint reconciliation_differences_outcome_check CHECK ((outcome = ANY (ARRAY['fixed'::text, 'remains'::text])))
  constraint reconciliation_differences_pkey PRIMARY KEY (run, number)
  constraint reconciliation_differences_run_fkey FOREIGN KEY (run) REFERENCES billing.reconciliations(id)

table billing.reconciliation_found
  run uuid not null
  kind text not null
  id text not null
  charge_id uuid
  facts jsonb not null
  constraint reconciliation_found_kind_check CHECK ((kind = ANY (ARRAY['payment'::text, 'invoice_payment'::text, 'invoice'::text, 'refund'::text, 'crossing'::text])))
  constraint reconciliation_found_pkey PRIMARY KEY (run, kind, id)
  constraint reconciliation_found_run_fkey FOREIGN KEY (run) REFERENCES billing.reconciliations(id)
  CREATE INDEX reconciliation_found_by_charge ON billing.reconciliation_found USING btree (run, charge_id) WHERE (charge_id IS NOT NULL)

table billing.reconciliations
  id uuid not null
  period text not null
  from_at timestamp with time zone not null
  to_at timestamp with time zone not null
  starts_from timestamp with time zone not null
  starts_to timestamp with time zone not null
  fix boolean not null
  state text not null
  step text not null
  cursor text
  version integer not null default 0
  read bigint not null default 0
  expected bigint not null
  under_way bigint not null default 0
  trouble text
  started_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  finished_at timestamp with time zone
  number bigint not null generated always as identity
  constraint reconciliations_pkey PRIMARY KEY (id)
  constraint reconciliations_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'failed'::text, 'abandoned'::text])))
  CREATE UNIQUE INDEX reconciliations_running_once ON billing.reconciliations USING btree (period) WHERE (state = 'running'::text)

table billing.refund_attempts
  refund_id uuid not null
  number integer not null
  idempotency_key text not null
  request jsonb not null
  started_at timestamp with time zone not null
  constraint refund_attempts_number_check CHECK ((number > 0))
  constraint refund_attempts_pkey PRIMARY KEY (refund_id, number)
  constraint refund_attempts_refund_fkey FOREIGN KEY (refund_id) REFERENCES billing.refunds(id)
  CREATE TRIGGER refund_attempts_append_only BEFORE DELETE OR UPDATE ON billing.refund_attempts FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always
  CREATE TRIGGER refund_attempts_no_truncate BEFORE TRUNCATE ON billing.refund_attempts FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always

table billing.refunds
  id uuid not null
  charge_id uuid not null
  credit_note_id uuid
  payment_intent text not null
  amount_minor bigint not null
  currency text not null
  origin text not null
  status text not null
  reason text
  decided_by text
  stripe_refund text
  attempts integer not null default 0
  unanswered integer not null default 0
  attempt_open boolean not null default false
  next_try_at timestamp with time zone
  succeeded_at timestamp with time zone
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  first_approval text
  apply_to text
  constraint refunds_amount_minor_check CHECK ((amount_minor > 0))
  constraint refunds_charge_fkey FOREIGN KEY (charge_id) REFERENCES billing.charges(id)
  constraint refunds_credit_fkey FOREIGN KEY (credit_note_id) REFERENCES billing.credit_notes(id)
  constraint refunds_credit_once UNIQUE (credit_note_id)
  constraint refunds_end_untried CHECK (((next_try_at IS NULL) OR (status = ANY (ARRAY['approved'::text, 'processing'::text]))))
  constraint refunds_origin_check CHECK ((origin = ANY (ARRAY['credit'::text, 'stripe'::text])))
  constraint refunds_pkey PRIMARY KEY (id)
  constraint refunds_status_check CHECK ((status = ANY (ARRAY['proposed'::text, 'approved'::text, 'processing'::text, 'succeeded'::text, 'failed'::text, 'declined'::text, 'withdrawn'::text])))
  constraint refunds_stripe_once UNIQUE (stripe_refund)
  CREATE INDEX refunds_by_charge ON billing.refunds USING btree (charge_id)
  CREATE INDEX refunds_by_intent ON billing.refunds USING btree (payment_intent)
  CREATE INDEX refunds_due ON billing.refunds USING btree (next_try_at) WHERE (next_try_at IS NOT NULL)
  CREATE INDEX refunds_newest ON billing.refunds USING btree (created_at DESC, id)
  CREATE TRIGGER refunds_history AFTER INSERT OR UPDATE ON billing.refunds FOR EACH ROW EXECUTE FUNCTION billing.keep_refunds() -- always

table billing.resource_creations
  resource text not null
  request_key text not null
  content_hash text not null
  answer jsonb not null
  created_at timestamp with time zone not null default now()
  constraint resource_creations_once PRIMARY KEY (resource, request_key)

table billing.shown_charges
  charge_id uuid not null
  status text not null
  constraint shown_charges_pkey PRIMARY KEY (charge_id)

table billing.stripe_events
  id text not null
  type text not null
  created_at timestamp with time zone not null
  received_at timestamp with time zone not null
  facts jsonb not null
  outcome text
  handled_at timestamp with time zone
  constraint stripe_events_once PRIMARY KEY (id)
  CREATE INDEX stripe_events_open ON billing.stripe_events USING btree (received_at) WHERE (handled_at IS NULL)

table billing.subscriptions
  id uuid not null
  customer_id text not null
  subscription_id text
  amount_minor bigint not null
  currency text not null
  status text not null
  anchor_at timestamp with time zone not null
  request jsonb not null
  current_period_start timestamp with time zone
  current_period_end timestamp with time zone
  told_at timestamp with time zone
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  pay_at timestamp with time zone
  pay_attempts integer not null default 0
  plan text
  plan_version integer
  constraint subscriptions_pkey PRIMARY KEY (id)
  constraint subscriptions_subscription_once UNIQUE (subscription_id)
  CREATE INDEX subscriptions_ending ON billing.subscriptions USING btree (current_period_end) WHERE (status <> ALL (ARRAY['canceled'::text, 'incomplete_expired'::text]))
  CREATE UNIQUE INDEX subscriptions_one_running ON billing.subscriptions USING btree (customer_id) WHERE (status <> ALL (ARRAY['canceled'::text, 'incomplete_expired'::text]))
  CREATE INDEX subscriptions_to_pay ON billing.subscriptions USING btree (pay_at) WHERE (pay_at IS NOT NULL)

table billing.token_catalog_revision
  one boolean not null default true
  revision bigint not null default 1
  constraint token_catalog_revision_one_check CHECK (one)
  constraint token_catalog_revision_pkey PRIMARY KEY (one)

table billing.token_profits
  id text not null
  percentage numeric(5,2) not null
  is_active boolean not null default true
  position bigint not null generated always as identity
  created_at timestamp with time zone not null default now()
  updated_at timestamp with time zone not null default now()
  removed_at timestamp with time zone
  constraint token_profits_percentage_check CHECK (((percentage >= (0)::numeric) AND (percentage <= (100)::numeric)))
  constraint token_profits_pkey PRIMARY KEY (id)

table billing.topup_history
  position bigint not null generated always as identity
  kind text not null
  id text not null
  at timestamp with time zone not null
  content jsonb not null
  constraint topup_history_kind_check CHECK ((kind = ANY (ARRAY['topups'::text, 'auto_topups'::text])))
  constraint topup_history_pkey PRIMARY KEY ("position")
  CREATE INDEX topup_history_of ON billing.topup_history USING btree (kind, id, "position")
  CREATE TRIGGER topup_history_append_only BEFORE DELETE OR UPDATE ON billing.topup_history FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always
  CREATE TRIGGER topup_history_no_truncate BEFORE TRUNCATE ON billing.topup_history FOR EACH STATEMENT EXECUTE FUNCTION billing.refuse_rewriting() -- always

table billing.topup_refunds
  stripe_refund text not null
  topup_id uuid not null
  amount_minor bigint not null
  currency text not null
  status text not null
  succeeded_at timestamp with time zone
  told_at timestamp with time zone not null
  constraint topup_refunds_amount_minor_check CHECK ((amount_minor > 0))
  constraint topup_refunds_pkey PRIMARY KEY (stripe_refund)
  constraint topup_refunds_status_check CHECK ((status = ANY (ARRAY['processing'::text, 'succeeded'::text, 'failed'::text])))
  constraint topup_refunds_succeeded CHECK (((succeeded_at IS NOT NULL) = (status = 'succeeded'::text)))
  constraint topup_refunds_topup_fkey FOREIGN KEY (topup_id) REFERENCES billing.topups(id)
  CREATE INDEX topup_refunds_of ON billing.topup_refunds USING btree (topup_id)

table billing.topups
  id uuid not null
  account text not null
  user_id text not null
  units bigint not null
  amount_minor bigint not null
  currency text not null
  status text not null
  reason text
  available_before bigint not null
  request jsonb not null
  payment_intent text
  attempts integer not null default 0
  unanswered integer not null default 0
  paid_at timestamp with time zone
  appended_at timestamp with time zone
  next_try_at timestamp with time zone
  created_at timestamp with time zone not null
  updated_at timestamp with time zone not null
  constraint topups_amount_minor_check CHECK ((amount_minor > 0))
  constraint topups_paid CHECK (((paid_at IS NOT NULL) = (status = ANY (ARRAY['paid'::text, 'succeeded'::text, 'unresolved'::text]))))
  constraint topups_pkey PRIMARY KEY (id)
  constraint topups_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'paid'::text, 'succeeded'::text, 'failed'::text, 'unresolved'::text])))
  constraint topups_units_check CHECK ((units > 0))
  CREATE INDEX topups_due ON billing.topups USING btree (next_try_at) WHERE (status = ANY (ARRAY['pending'::text, 'processing'::text, 'paid'::text]))
  CREATE INDEX topups_newest ON billing.topups USING btree (created_at DESC, id)
  CREATE INDEX topups_of ON billing.topups USING btree (account, created_at DESC, id)
  CREATE UNIQUE INDEX topups_open_once ON billing.topups USING btree (account) WHERE (status = ANY (ARRAY['pending'::text, 'processing'::text, 'paid'::text]))
  CREATE UNIQUE INDEX topups_payment_once ON billing.topups USING btree (payment_intent)
  CREATE TRIGGER topups_history AFTER INSERT OR UPDATE ON billing.topups FOR EACH ROW EXECUTE FUNCTION billing.keep_topup() -- always

table billing.webhook_attempts
  delivery bigint not null
  started_at timestamp with time zone not null
  status_code integer
  error text
  duration_ms integer not null
  constraint webhook_attempts_delivery_fkey FOREIGN KEY (delivery) REFERENCES billing.webhook_deliveries(id) ON DELETE CASCADE
  CREATE INDEX webhook_attempts_by_delivery ON billing.webhook_attempts USING btree (delivery, started_at DESC)

table billing.webhook_deliveries
  id bigint not null generated always as identity
  endpoint uuid not null
  message text not null
  status text not null
  attempts integer not null default 0
  next_try_at timestamp with time zone
  created_at timestamp with time zone not null
  constraint webhook_deliveries_endpoint_fkey FOREIGN KEY (endpoint) REFERENCES billing.webhook_endpoints(id)
  constraint webhook_deliveries_message_fkey FOREIGN KEY (message) REFERENCES billing.webhook_messages(id) ON DELETE CASCADE
  constraint webhook_deliveries_once UNIQUE (endpoint, message)
  constraint webhook_deliveries_pkey PRIMARY KEY (id)
  constraint webhook_deliveries_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text])))
  CREATE INDEX webhook_deliveries_by_message ON billing.webhook_deliveries USING btree (message)
  CREATE INDEX webhook_deliveries_due ON billing.webhook_deliveries USING btree (endpoint, next_try_at, id) WHERE (status = 'pending'::text)
  CREATE INDEX webhook_deliveries_newest ON billing.webhook_deliveries USING btree (endpoint, id DESC)

table billing.webhook_endpoints
  id uuid not null
  url text not null
  events text[] not null
  account_prefix text
  balance_below bigint
  description text
  enabled boolean not null
  disabled_reason text
  secret text not null
  created_at timestamp with time zone not null
  removed_at timestamp with time zone
  secret_before text
  secret_before_until timestamp with time zone
  thresholds smallint[] not null default '{80,100}'::smallint[]
  constraint webhook_endpoints_pkey PRIMARY KEY (id)

table billing.webhook_feeds
  feed text not null
  positions jsonb not null
  constraint webhook_feeds_pkey PRIMARY KEY (feed)

table billing.webhook_messages
  id text not null
  type text not null
  payload text not null
  created_at timestamp with time zone not null
  constraint webhook_messages_once PRIMARY KEY (id)
  CREATE INDEX webhook_messages_by_age ON billing.webhook_messages USING btree (created_at)


sequence billing.acknowledgements_position_seq bigint start 1 increment 1
sequence billing.charge_outbox_position_seq bigint start 1 increment 1
sequence billing.feature_endpoints_position_seq bigint start 1 increment 1
sequence billing.features_position_seq bigint start 1 increment 1
sequence billing.history_position_seq bigint start 1 increment 1
sequence billing.outbox_position_seq bigint start 1 increment 1
sequence billing.packages_position_seq bigint start 1 increment 1
sequence billing.reconciliation_differences_number_seq bigint start 1 increment 1
sequence billing.reconciliations_number_seq bigint start 1 increment 1
sequence billing.token_profits_position_seq bigint start 1 increment 1
sequence billing.topup_history_position_seq bigint start 1 increment 1
sequence billing.webhook_deliveries_id_seq bigint start 1 increment 1

CREATE OR REPLACE FUNCTION billing.date_payment()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.status = 'paid' and new.paid_at is null then new.paid_at := new.told_at; end if;
  return new;
end $function$

CREATE OR REPLACE FUNCTION billing.keep_auto_topup()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'DELETE' then
    insert into billing.topup_history (kind, id, at, content)
      values ('auto_topups', old.account, old.changed_at, to_jsonb(old) || '{"removed": true}');
  else
    insert into billing.topup_history (kind, id, at, content)
      values ('auto_topups', new.account, new.changed_at, to_jsonb(new));
  end if;
  return null;
end $function$

CREATE OR REPLACE FUNCTION billing.keep_charges()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into billing.history (kind, id, at, content) values ('charges', new.id::text, new.updated_at, to_jsonb(new));
  return null;
end $function$

CREATE OR REPLACE FUNCTION billing.keep_invoices()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into billing.history (kind, id, at, content) values ('invoices', new.invoice_id::text, new.told_at, to_jsonb(new));
  return null;
end $function$

CREATE OR REPLACE FUNCTION billing.keep_refunds()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into billing.history (kind, id, at, content) values ('refunds', new.id::text, new.updated_at, to_jsonb(new));
  return null;
end $function$

CREATE OR REPLACE FUNCTION billing.keep_topup()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into billing.topup_history (kind, id, at, content) values ('topups', new.id::text, new.updated_at,
    to_jsonb(new));
  return null;
end $function$

CREATE OR REPLACE FUNCTION billing.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
  begin raise exception 'a published version is immutable'; end $function$

CREATE OR REPLACE FUNCTION billing.refuse_rewriting()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name,
    tg_op using errcode = 'insufficient_privilege';
end $function$


grant delete, insert, select on billing.reconciliation_found to tollgate_billing
grant delete, insert, select on billing.webhook_messages to tollgate_billing
grant delete, insert, select, update on billing.auto_topups to tollgate_billing
grant delete, insert, select, update on billing.webhook_feeds to tollgate_billing
grant insert, select on billing.acknowledgements to tollgate_billing
grant insert, select on billing.assigned_payments to tollgate_billing
grant insert, select on billing.catalog_versions to tollgate_billing
grant insert, select on billing.charge_attempts to tollgate_billing
grant insert, select on billing.charge_events to tollgate_billing
grant insert, select on billing.closing_entries to tollgate_billing
grant insert, select on billing.closings to tollgate_billing
grant insert, select on billing.credit_notes to tollgate_billing
grant insert, select on billing.fee_events to tollgate_billing
grant insert, select on billing.history to tollgate_billing
grant insert, select on billing.outbox to tollgate_billing
grant insert, select on billing.past_payments to tollgate_billing
grant insert, select on billing.reconciliation_differences to tollgate_billing
grant insert, select on billing.refund_attempts to tollgate_billing
grant insert, select on billing.resource_creations to tollgate_billing
grant insert, select on billing.shown_charges to tollgate_billing
grant insert, select on billing.topup_history to tollgate_billing
grant insert, select on billing.webhook_attempts to tollgate_billing
grant insert, select, update on billing.billing_answers to tollgate_billing
grant insert, select, update on billing.charge_outbox to tollgate_billing
grant insert, select, update on billing.charges to tollgate_billing
grant insert, select, update on billing.crossing_positions to tollgate_billing
grant insert, select, update on billing.customers to tollgate_billing
grant insert, select, update on billing.feature_endpoints to tollgate_billing
grant insert, select, update on billing.features to tollgate_billing
grant insert, select, update on billing.invoices to tollgate_billing
grant insert, select, update on billing.packages to tollgate_billing
grant insert, select, update on billing.reconciliations to tollgate_billing
grant insert, select, update on billing.refunds to tollgate_billing
grant insert, select, update on billing.stripe_events to tollgate_billing
grant insert, select, update on billing.subscriptions to tollgate_billing
grant insert, select, update on billing.token_profits to tollgate_billing
grant insert, select, update on billing.topup_refunds to tollgate_billing
grant insert, select, update on billing.topups to tollgate_billing
grant insert, select, update on billing.webhook_deliveries to tollgate_billing
grant insert, select, update on billing.webhook_endpoints to tollgate_billing
grant select on billing.token_catalog_revision to tollgate_billing
grant update (appended_at, booked_at) on billing.outbox to tollgate_billing
grant update (outcome) on billing.reconciliation_differences to tollgate_billing
grant update (revision) on billing.token_catalog_revision to tollgate_billing
grant usage on schema billing to tollgate_billing

-- The schema "finance" as its migrations leave it, for reading and for comparing; nothing executes this file.
-- Written by `npm run schema`; a spec fails when a fresh migration differs.

view finance.acknowledgements as
 SELECT kind,
    reference,
    difference,
    reason,
    actor,
    at,
    until
   FROM billing.acknowledgements
  WHERE at <= finance.as_of();
view finance.assigned_payments as
 SELECT payment_intent,
    user_id,
    finance.month_at(paid_at) AS month,
    paid_at,
    amount_minor,
    currency,
    finance."decimal"(amount_minor::numeric, currency) AS amount,
    reason,
    actor,
    at
   FROM billing.assigned_payments
  WHERE at <= finance.as_of();
view finance.attempts as
 SELECT a.charge_id,
    a.number,
    a.kind,
    a.started_at,
    c.user_id,
    finance.month_of(c.period_start, c.period_end) AS month,
    c.amount_minor,
    c.currency,
    finance."decimal"(c.amount_minor::numeric, c.currency) AS amount,
    COALESCE(o.payment_intent, a.request ->> 'payment_intent'::text) AS payment_intent,
    COALESCE(o.outcome, 'under way'::text) AS outcome,
    o.code,
    o.occurred_at AS answered_at
   FROM billing.charge_attempts a
     JOIN billing.charges c ON c.id = a.charge_id
     JOIN billing.charge_events s ON s.charge_id = a.charge_id AND s.type = 'AttemptStarted'::text AND ((s.data ->> 'number'::text)::integer) = a.number
     LEFT JOIN LATERAL ( SELECT
                CASE e.type
                    WHEN 'ChargeSucceeded'::text THEN 'paid'::text
                    WHEN 'ChargeDeclined'::text THEN 'declined'::text
                    WHEN 'ActionRequired'::text THEN 'action required'::text
                    WHEN 'AttemptRejected'::text THEN 'rejected'::text
                    WHEN 'ChargeCancelled'::text THEN 'cancelled'::text
                    WHEN 'PaymentPending'::text THEN 'processing'::text
                    ELSE 'no answer'::text
                END AS outcome,
            COALESCE(e.data ->> 'code'::text, e.data ->> 'reason'::text) AS code,
            e.data ->> 'paymentIntent'::text AS payment_intent,
            e.occurred_at
           FROM billing.charge_events e
          WHERE e.charge_id = a.charge_id AND e.number > s.number AND e.occurred_at <= finance.as_of() AND (e.type = ANY (ARRAY['ChargeSucceeded'::text, 'ChargeDeclined'::text, 'ActionRequired'::text, 'AttemptRejected'::text, 'ChargeCancelled'::text, 'PaymentPending'::text, 'CallUnanswered'::text])) AND e.number < COALESCE(( SELECT min(n.number) AS min
                   FROM billing.charge_events n
                  WHERE n.charge_id = a.charge_id AND (n.type = ANY (ARRAY['AttemptStarted'::text, 'ChargeReopened'::text, 'ChargeRevived'::text])) AND n.number > s.number), 2147483647)
          ORDER BY e.number DESC
         LIMIT 1) o ON true
  WHERE a.started_at <= finance.as_of();
view finance.cash as
 SELECT cash_month AS month,
    month AS service_month,
    kind,
    reference,
    belongs_to,
    user_id,
    amount_minor,
    currency,
    finance."decimal"(amount_minor::numeric, currency) AS amount,
    at
   FROM ( SELECT payments.cash_month,
            payments.month,
            'payment'::text AS kind,
            payments.payment_intent AS reference,
            payments.charge_id::text AS belongs_to,
            payments.user_id,
            payments.amount_minor,
            payments.currency,
            payments.paid_at AS at
           FROM finance.payments
        UNION ALL
         SELECT fees.cash_month,
            fees.month,
            'fee'::text,
            fees.invoice_id,
            fees.subscription_id,
            fees.user_id,
            fees.net_minor,
            fees.currency,
            fees.paid_at
           FROM finance.fees
          WHERE fees.status = 'paid'::text AND fees.net_minor <> 0
        UNION ALL
         SELECT refunds.cash_month,
            refunds.month,
            'refund'::text,
            refunds.stripe_refund,
            refunds.charge_id::text AS charge_id,
            refunds.user_id,
            - refunds.amount_minor,
            refunds.currency,
            refunds.succeeded_at
           FROM finance.refunds
          WHERE refunds.status = 'succeeded'::text AND refunds.method = 'refund'::text
        UNION ALL
         SELECT finance.month_at(assigned_payments.paid_at) AS month_at,
            finance.month_at(assigned_payments.paid_at) AS month_at,
            'assigned'::text,
            assigned_payments.payment_intent,
            NULL::text,
            assigned_payments.user_id,
            assigned_payments.amount_minor,
            assigned_payments.currency,
            assigned_payments.paid_at
           FROM billing.assigned_payments
          WHERE assigned_payments.at <= finance.as_of()
        UNION ALL
         SELECT top_ups.month,
            top_ups.month,
            'top_up'::text,
            top_ups.payment_intent,
            top_ups.topup_id::text AS topup_id,
            top_ups.user_id,
            top_ups.amount_minor,
            top_ups.currency,
            top_ups.paid_at
           FROM finance.top_ups
        UNION ALL
         SELECT finance.month_at(r.succeeded_at) AS month_at,
            t.month,
            'refund'::text,
            r.stripe_refund,
            t.topup_id::text AS topup_id,
            t.user_id,
            - r.amount_minor,
            r.currency,
            r.succeeded_at
           FROM billing.topup_refunds r
             JOIN finance.top_ups t USING (topup_id)
          WHERE r.succeeded_at <= finance.as_of()) moved;
view finance.charges as
 SELECT id,
    user_id,
    account,
    finance.month_of(period_start, period_end) AS month,
    period_start,
    period_end,
    block,
    plan,
    billing_tier,
    amount_minor,
    currency,
    finance."decimal"(amount_minor::numeric, currency) AS amount,
    status,
    reason,
    payment_intent,
    attempts,
    paid_at,
        CASE
            WHEN paid_at IS NOT NULL THEN finance.month_at(paid_at)
            ELSE NULL::text
        END AS cash_month,
    credited_at,
    entry,
    created_at,
    updated_at
   FROM finance.charges_then c;
view finance.charges_then as
 SELECT c.id,
    c.account,
    c.user_id,
    c.period_start,
    c.period_end,
    c.block,
    c.plan,
    c.billing_tier,
    c.amount_minor,
    c.currency,
    c.entry,
    c.crossed_at,
    c.status,
    c.reason,
    c.payment_intent,
    c.attempts,
    c.refusals,
    c.unanswered,
    c.attempt_open,
    c.next_try_at,
    c.version,
    c.credited_at,
    c.created_at,
    c.updated_at,
    c.owed,
    c.series,
    c.credit_note,
    c.cancel_sent,
    c.paid_at
   FROM billing.charges c
  WHERE finance.as_of() = 'infinity'::timestamp with time zone
UNION ALL
 SELECT (jsonb_populate_record(NULL::billing.charges, h.content)).id AS id,
    (jsonb_populate_record(NULL::billing.charges, h.content)).account AS account,
    (jsonb_populate_record(NULL::billing.charges, h.content)).user_id AS user_id,
    (jsonb_populate_record(NULL::billing.charges, h.content)).period_start AS period_start,
    (jsonb_populate_record(NULL::billing.charges, h.content)).period_end AS period_end,
    (jsonb_populate_record(NULL::billing.charges, h.content)).block AS block,
    (jsonb_populate_record(NULL::billing.charges, h.content)).plan AS plan,
    (jsonb_populate_record(NULL::billing.charges, h.content)).billing_tier AS billing_tier,
    (jsonb_populate_record(NULL::billing.charges, h.content)).amount_minor AS amount_minor,
    (jsonb_populate_record(NULL::billing.charges, h.content)).currency AS currency,
    (jsonb_populate_record(NULL::billing.charges, h.content)).entry AS entry,
    (jsonb_populate_record(NULL::billing.charges, h.content)).crossed_at AS crossed_at,
    (jsonb_populate_record(NULL::billing.charges, h.content)).status AS status,
    (jsonb_populate_record(NULL::billing.charges, h.content)).reason AS reason,
    (jsonb_populate_record(NULL::billing.charges, h.content)).payment_intent AS payment_intent,
    (jsonb_populate_record(NULL::billing.charges, h.content)).attempts AS attempts,
    (jsonb_populate_record(NULL::billing.charges, h.content)).refusals AS refusals,
    (jsonb_populate_record(NULL::billing.charges, h.content)).unanswered AS unanswered,
    (jsonb_populate_record(NULL::billing.charges, h.content)).attempt_open AS attempt_open,
    (jsonb_populate_record(NULL::billing.charges, h.content)).next_try_at AS next_try_at,
    (jsonb_populate_record(NULL::billing.charges, h.content)).version AS version,
    (jsonb_populate_record(NULL::billing.charges, h.content)).credited_at AS credited_at,
    (jsonb_populate_record(NULL::billing.charges, h.content)).created_at AS created_at,
    (jsonb_populate_record(NULL::billing.charges, h.content)).updated_at AS updated_at,
    (jsonb_populate_record(NULL::billing.charges, h.content)).owed AS owed,
    (jsonb_populate_record(NULL::billing.charges, h.content)).series AS series,
    (jsonb_populate_record(NULL::billing.charges, h.content)).credit_note AS credit_note,
    (jsonb_populate_record(NULL::billing.charges, h.content)).cancel_sent AS cancel_sent,
    (jsonb_populate_record(NULL::billing.charges, h.content)).paid_at AS paid_at
   FROM ( SELECT DISTINCT ON (history.id) history.content
           FROM billing.history
          WHERE finance.as_of() <> 'infinity'::timestamp with time zone AND history.kind = 'charges'::text AND history.at <= finance.as_of()
          ORDER BY history.id, history."position" DESC) h;
view finance.closings as
 SELECT c.period,
    c.number,
    c.type,
    c.as_of,
    c.hash,
    e.entry,
    c.reason,
    c.actor,
    c.at,
    c.type = 'closed'::text AND NOT (EXISTS ( SELECT
           FROM billing.closings n
          WHERE n.period = c.period AND n.number > c.number AND n.at <= finance.as_of())) AS in_force
   FROM billing.closings c
     LEFT JOIN billing.closing_entries e ON e.period = c.period AND e.number = c.number
  WHERE c.at <= finance.as_of();
view finance.comparisons as
 SELECT DISTINCT ON (period) id,
    period,
    state,
    ( SELECT count(*) AS count
           FROM billing.reconciliation_differences d
          WHERE d.run = r.id AND d.outcome IS DISTINCT FROM 'fixed'::text AND NOT (EXISTS ( SELECT
                   FROM billing.acknowledgements k
                  WHERE k.kind = d.kind AND k.reference = d.reference AND k.difference = d.reason AND k.until > COALESCE(r.finished_at, r.started_at)))) AS remaining,
    under_way,
    started_at,
    finished_at
   FROM billing.reconciliations r
  WHERE state <> 'abandoned'::text
  ORDER BY period, number DESC;
view finance.credit_notes as
 SELECT n.id,
    n.charge_id,
    c.user_id,
    finance.month_of(c.period_start, c.period_end) AS month,
    n.created_at AS credited_at,
    n.amount_minor,
    n.currency,
    finance."decimal"(n.amount_minor::numeric, n.currency) AS amount,
    n.reason,
    n.reverses,
    r.id AS refund_id,
    r.status AS refund_status,
        CASE
            WHEN r.status = 'declined'::text THEN (('credit of '::text || r.sum) || ' forfeited'::text) || COALESCE(': '::text || r.reason, ''::text)
            WHEN r.status = 'withdrawn'::text THEN ('refund '::text || r.sum) || ': withdrawn, the block is owed again'::text
            WHEN r.apply_to IS NOT NULL THEN ('credit of '::text || r.sum) ||
            CASE r.status
                WHEN 'succeeded'::text THEN ' applied to the next invoice'::text
                WHEN 'failed'::text THEN ': could not be applied'::text || COALESCE((' ('::text || r.reason) || ')'::text, ''::text)
                ELSE ': on its way to the next invoice'::text
            END
            WHEN r.status = 'succeeded'::text THEN (((r.sum || ' of '::text) || r.payment_intent) || ' refunded on '::text) || to_char((r.succeeded_at AT TIME ZONE finance.zone_at(r.succeeded_at)), 'YYYY-MM-DD'::text)
            ELSE ((('refund '::text || r.sum) || ' of '::text) || r.payment_intent) ||
            CASE r.status
                WHEN 'proposed'::text THEN ': proposed'::text
                WHEN 'approved'::text THEN ': approved, to be sent'::text
                WHEN 'processing'::text THEN ': under way at Stripe'::text
                ELSE ': failed'::text || COALESCE((' ('::text || r.reason) || ')'::text, ''::text)
            END
        END AS proposal,
    k.corrected_entry,
    k.correction,
    k.correction_reason
   FROM billing.credit_notes n
     JOIN billing.charges c ON c.id = n.charge_id
     LEFT JOIN ( SELECT refunds_then.id,
            refunds_then.charge_id,
            refunds_then.credit_note_id,
            refunds_then.payment_intent,
            refunds_then.amount_minor,
            refunds_then.currency,
            refunds_then.origin,
            refunds_then.status,
            refunds_then.reason,
            refunds_then.decided_by,
            refunds_then.stripe_refund,
            refunds_then.attempts,
            refunds_then.unanswered,
            refunds_then.attempt_open,
            refunds_then.next_try_at,
            refunds_then.succeeded_at,
            refunds_then.created_at,
            refunds_then.updated_at,
            refunds_then.first_approval,
            refunds_then.apply_to,
            (finance."decimal"(refunds_then.amount_minor::numeric, refunds_then.currency) || ' '::text) || refunds_then.currency AS sum
           FROM finance.refunds_then) r ON r.credit_note_id = n.id
     LEFT JOIN LATERAL ( SELECT
                CASE
                    WHEN cause.corrects IS NOT NULL THEN (cause.partition || '-'::text) || cause.corrects
                    ELSE NULL::text
                END AS corrected_entry,
            (cause.partition || '-'::text) || cause.partition_seq AS correction,
            d.content ->> 'reason'::text AS correction_reason
           FROM ledger.block_changes b
             JOIN ledger.accounts a ON a.partition = b.partition AND a.account = b.account
             JOIN ledger.entries e ON e.partition = b.partition AND e.partition_seq = b.partition_seq
             JOIN ledger.entries cause ON cause.partition = e.partition AND cause.partition_seq =
                CASE
                    WHEN e.kind = 15 THEN e.request_id::bigint
                    ELSE e.partition_seq
                END
             LEFT JOIN ledger.details d ON d.partition = cause.partition AND d.partition_seq = cause.partition_seq
          WHERE a.id = c.account AND b.period_start = c.period_start AND b.block = c.block AND b.change = 'left'::text AND e.recorded_at <= n.created_at AND n.reverses IS NULL
          ORDER BY b.partition_seq DESC
         LIMIT 1) k ON true
  WHERE n.created_at <= finance.as_of();
view finance.fees as
 SELECT i.invoice_id,
    i.subscription_id,
    i.customer_id,
    u.user_id,
    finance.month_at(i.period_start) AS month,
    i.period_start,
    i.amount_minor + i.credit_minor AS amount_minor,
    i.currency,
    finance."decimal"((i.amount_minor + i.credit_minor)::numeric, i.currency) AS amount,
    i.status,
    i.paid_at,
        CASE
            WHEN i.paid_at IS NOT NULL THEN finance.month_at(i.paid_at)
            ELSE NULL::text
        END AS cash_month,
    i.told_at,
    i.credit_minor,
    i.amount_minor AS net_minor
   FROM finance.invoices_then i
     LEFT JOIN LATERAL ( SELECT customers.user_id
           FROM billing.customers
          WHERE customers.customer_id = i.customer_id
          ORDER BY customers.user_id
         LIMIT 1) u ON true;
view finance.forfeited as
 SELECT r.id,
    r.user_id,
    r.month,
    r.charge_id,
    r.amount_minor,
    r.currency,
    r.reason,
    t.updated_at AS at
   FROM finance.refunds r
     JOIN finance.refunds_then t ON t.id = r.id
  WHERE r.method = 'forfeit'::text AND NOT (EXISTS ( SELECT
           FROM billing.credit_notes n
          WHERE n.reverses = r.credit_note_id AND n.created_at <= finance.as_of()));
view finance.invoices_then as
 SELECT c.invoice_id,
    c.subscription_id,
    c.customer_id,
    c.status,
    c.amount_minor,
    c.currency,
    c.period_start,
    c.told_at,
    c.paid_at,
    c.credit_minor
   FROM billing.invoices c
  WHERE finance.as_of() = 'infinity'::timestamp with time zone
UNION ALL
 SELECT (jsonb_populate_record(NULL::billing.invoices, h.content)).invoice_id AS invoice_id,
    (jsonb_populate_record(NULL::billing.invoices, h.content)).subscription_id AS subscription_id,
    (jsonb_populate_record(NULL::billing.invoices, h.content)).customer_id AS customer_id,
    (jsonb_populate_record(NULL::billing.invoices, h.content)).status AS status,
    (jsonb_populate_record(NULL::billing.invoices, h.content)).amount_minor AS amount_minor,
    (jsonb_populate_record(NULL::billing.invoices, h.content)).currency AS currency,
    (jsonb_populate_record(NULL::billing.invoices, h.content)).period_start AS period_start,
    (jsonb_populate_record(NULL::billing.invoices, h.content)).told_at AS told_at,
    (jsonb_populate_record(NULL::billing.invoices, h.content)).paid_at AS paid_at,
    (jsonb_populate_record(NULL::billing.invoices, h.content)).credit_minor AS credit_minor
   FROM ( SELECT DISTINCT ON (history.id) history.content
           FROM billing.history
          WHERE finance.as_of() <> 'infinity'::timestamp with time zone AND history.kind = 'invoices'::text AND history.at <= finance.as_of()
          ORDER BY history.id, history."position" DESC) h;
view finance.open_receivables as
 SELECT 'usage'::text AS kind,
    c.id::text AS id,
    c.user_id,
    finance.month_of(c.period_start, c.period_end) AS month,
    c.amount_minor,
    c.currency,
    finance."decimal"(c.amount_minor::numeric, c.currency) AS amount,
    c.status,
    c.reason,
    c.created_at AS since
   FROM finance.charges_then c
  WHERE (c.status = ANY (ARRAY['pending'::text, 'processing'::text, 'requires_action'::text, 'failed'::text])) AND c.amount_minor > 0 AND c.owed
UNION ALL
 SELECT 'fee'::text AS kind,
    fees.invoice_id AS id,
    fees.user_id,
    fees.month,
    fees.net_minor AS amount_minor,
    fees.currency,
    finance."decimal"(fees.net_minor::numeric, fees.currency) AS amount,
    fees.status,
    NULL::text AS reason,
    fees.period_start AS since
   FROM finance.fees
  WHERE fees.status = ANY (ARRAY['open'::text, 'failed'::text]);
view finance.payments as
 SELECT c.id AS charge_id,
    c.series,
    c.user_id,
    c.account,
    finance.month_of(c.period_start, c.period_end) AS month,
    c.paid_at,
    finance.month_at(c.paid_at) AS cash_month,
    c.block,
    c.billing_tier,
    c.payment_intent,
    c.amount_minor,
    c.currency,
    finance."decimal"(c.amount_minor::numeric, c.currency) AS amount,
    c.created_at
   FROM finance.charges_then c
  WHERE c.status = 'succeeded'::text
UNION ALL
 SELECT c.id AS charge_id,
    p.series,
    c.user_id,
    c.account,
    finance.month_of(c.period_start, c.period_end) AS month,
    p.paid_at,
    finance.month_at(p.paid_at) AS cash_month,
    c.block,
    c.billing_tier,
    p.payment_intent,
    p.amount_minor,
    p.currency,
    finance."decimal"(p.amount_minor::numeric, p.currency) AS amount,
    c.created_at
   FROM billing.past_payments p
     JOIN billing.charges c ON c.id = p.charge_id
  WHERE p.ended_at <= finance.as_of();
view finance.receivables_ledger as
 SELECT user_id,
    currency,
    at,
    month,
    kind,
    description,
    reference,
    amount_minor,
    finance."decimal"(amount_minor::numeric, currency) AS amount
   FROM ( SELECT payments.user_id,
            payments.currency,
            payments.created_at AS at,
            payments.month,
            'usage'::text AS kind,
            ((('block '::text || payments.block) || ' ('::text) || payments.billing_tier) || ')'::text AS description,
            payments.charge_id::text AS reference,
            payments.amount_minor
           FROM finance.payments
        UNION ALL
         SELECT charges_then.user_id,
            charges_then.currency,
            charges_then.created_at,
            finance.month_of(charges_then.period_start, charges_then.period_end) AS month_of,
            'usage'::text,
            ((('block '::text || charges_then.block) || ' ('::text) || charges_then.billing_tier) || ')'::text,
            charges_then.id::text AS id,
            charges_then.amount_minor
           FROM finance.charges_then
          WHERE (charges_then.status <> ALL (ARRAY['cancelled'::text, 'succeeded'::text])) AND charges_then.owed
        UNION ALL
         SELECT fees.user_id,
            fees.currency,
            fees.period_start,
            fees.month,
            'fee'::text,
            'monthly fee'::text,
            fees.invoice_id,
            fees.amount_minor
           FROM finance.fees
          WHERE fees.status <> 'voided'::text
        UNION ALL
         SELECT fees.user_id,
            fees.currency,
            fees.told_at,
            fees.month,
            'write_off'::text,
            'monthly fee given up'::text,
            fees.invoice_id,
            - fees.net_minor
           FROM finance.fees
          WHERE fees.status = 'uncollectible'::text
        UNION ALL
         SELECT credit_notes.user_id,
            credit_notes.currency,
            credit_notes.credited_at,
            credit_notes.month,
            'credit'::text,
                CASE
                    WHEN credit_notes.reverses IS NULL THEN 'credit of a corrected block'::text
                    ELSE 'credit taken back'::text
                END AS "case",
            credit_notes.charge_id::text AS charge_id,
            - credit_notes.amount_minor
           FROM finance.credit_notes
        UNION ALL
         SELECT refunds.user_id,
            refunds.currency,
            refunds.succeeded_at,
            refunds.month,
            'credit'::text,
            'credit by a refund'::text,
            refunds.stripe_refund,
            - refunds.amount_minor
           FROM finance.refunds
          WHERE refunds.credit_note_id IS NULL AND refunds.status = 'succeeded'::text
        UNION ALL
         SELECT payments.user_id,
            payments.currency,
            COALESCE(payments.paid_at, payments.created_at) AS "coalesce",
            payments.month,
            'payment'::text,
            ((('payment of block '::text || payments.block) || ' ('::text) || payments.billing_tier) || ')'::text,
            payments.payment_intent,
            - payments.amount_minor
           FROM finance.payments
        UNION ALL
         SELECT fees.user_id,
            fees.currency,
            COALESCE(fees.paid_at, fees.told_at) AS "coalesce",
            fees.month,
            'payment'::text,
            'payment of the monthly fee'::text,
            fees.invoice_id,
            - fees.net_minor
           FROM finance.fees
          WHERE fees.status = 'paid'::text
        UNION ALL
         SELECT refunds.user_id,
            refunds.currency,
            refunds.succeeded_at,
            refunds.month,
            'refund'::text,
            'refund'::text,
            refunds.stripe_refund,
            refunds.amount_minor
           FROM finance.refunds
          WHERE refunds.status = 'succeeded'::text AND refunds.method = 'refund'::text
        UNION ALL
         SELECT forfeited.user_id,
            forfeited.currency,
            forfeited.at,
            forfeited.month,
            'credit'::text,
            'credit forfeited: '::text || COALESCE(forfeited.reason, ''::text),
            forfeited.charge_id::text AS charge_id,
            forfeited.amount_minor
           FROM finance.forfeited
        UNION ALL
         SELECT assigned_payments.user_id,
            assigned_payments.currency,
            assigned_payments.paid_at,
            finance.month_at(assigned_payments.paid_at) AS month_at,
            'payment'::text,
            'payment that was assigned: '::text || assigned_payments.reason,
            assigned_payments.payment_intent,
            - assigned_payments.amount_minor
           FROM billing.assigned_payments
          WHERE assigned_payments.at <= finance.as_of()
        UNION ALL
         SELECT top_ups.user_id,
            top_ups.currency,
            top_ups.paid_at,
            top_ups.month,
            'top_up'::text,
            (top_ups.units || ' units for '::text) || top_ups.account,
            top_ups.topup_id::text AS topup_id,
            top_ups.amount_minor
           FROM finance.top_ups
        UNION ALL
         SELECT top_ups.user_id,
            top_ups.currency,
            top_ups.paid_at,
            top_ups.month,
            'payment'::text,
            'payment of the top-up'::text,
            top_ups.payment_intent,
            - top_ups.amount_minor
           FROM finance.top_ups
        UNION ALL
         SELECT t.user_id,
            r.currency,
            r.succeeded_at,
            finance.month_at(r.succeeded_at) AS month_at,
            x.kind,
            x.description,
            r.stripe_refund,
            x.sign * r.amount_minor
           FROM billing.topup_refunds r
             JOIN finance.top_ups t USING (topup_id)
             CROSS JOIN ( VALUES ('credit'::text,'credit by a refund of a top-up'::text,'-1'::integer), ('refund'::text,'refund'::text,1)) x(kind, description, sign)
          WHERE r.succeeded_at <= finance.as_of()) moved
  WHERE user_id IS NOT NULL AND amount_minor <> 0;
view finance.refunds as
 SELECT r.id,
    r.charge_id,
    r.credit_note_id,
    c.user_id,
    finance.month_of(c.period_start, c.period_end) AS month,
    r.payment_intent,
    r.amount_minor,
    r.currency,
    finance."decimal"(r.amount_minor::numeric, r.currency) AS amount,
    r.origin,
    r.status,
    r.reason,
    r.decided_by,
    r.stripe_refund,
    r.succeeded_at,
        CASE
            WHEN r.succeeded_at IS NOT NULL AND r.apply_to IS NULL THEN finance.month_at(r.succeeded_at)
            ELSE NULL::text
        END AS cash_month,
    r.created_at,
        CASE
            WHEN r.apply_to IS NOT NULL THEN 'invoice'::text
            WHEN r.status = 'declined'::text THEN 'forfeit'::text
            ELSE 'refund'::text
        END AS method
   FROM finance.refunds_then r
     JOIN billing.charges c ON c.id = r.charge_id;
view finance.refunds_then as
 SELECT c.id,
    c.charge_id,
    c.credit_note_id,
    c.payment_intent,
    c.amount_minor,
    c.currency,
    c.origin,
    c.status,
    c.reason,
    c.decided_by,
    c.stripe_refund,
    c.attempts,
    c.unanswered,
    c.attempt_open,
    c.next_try_at,
    c.succeeded_at,
    c.created_at,
    c.updated_at,
    c.first_approval,
    c.apply_to
   FROM billing.refunds c
  WHERE finance.as_of() = 'infinity'::timestamp with time zone
UNION ALL
 SELECT (jsonb_populate_record(NULL::billing.refunds, h.content)).id AS id,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).charge_id AS charge_id,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).credit_note_id AS credit_note_id,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).payment_intent AS payment_intent,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).amount_minor AS amount_minor,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).currency AS currency,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).origin AS origin,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).status AS status,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).reason AS reason,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).decided_by AS decided_by,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).stripe_refund AS stripe_refund,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).attempts AS attempts,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).unanswered AS unanswered,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).attempt_open AS attempt_open,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).next_try_at AS next_try_at,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).succeeded_at AS succeeded_at,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).created_at AS created_at,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).updated_at AS updated_at,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).first_approval AS first_approval,
    (jsonb_populate_record(NULL::billing.refunds, h.content)).apply_to AS apply_to
   FROM ( SELECT DISTINCT ON (history.id) history.content
           FROM billing.history
          WHERE finance.as_of() <> 'infinity'::timestamp with time zone AND history.kind = 'refunds'::text AND history.at <= finance.as_of()
          ORDER BY history.id, history."position" DESC) h;
view finance.revenue as
 WITH closed AS (
         SELECT c.period,
            c.figures::jsonb AS figures
           FROM billing.closings c
             JOIN finance.closings f ON f.period = c.period AND f.number = c.number
          WHERE f.in_force
        ), first_open AS (
         SELECT to_char(to_date(max(closed.period), 'YYYY-MM'::text) + '1 mon'::interval, 'YYYY-MM'::text) AS month
           FROM closed
        ), kept AS (
         SELECT c.period AS month,
            r.currency,
            r.kind,
            r.count,
            r.amount_minor,
            r.adjusts
           FROM closed c
             CROSS JOIN LATERAL jsonb_to_recordset(c.figures -> 'revenue'::text) r(currency text, kind text, count bigint, amount_minor bigint, adjusts text)
        ), booked AS (
         SELECT COALESCE(kept.adjusts, kept.month) AS month,
            kept.currency,
            kept.kind,
            sum(kept.count) AS count,
            sum(kept.amount_minor) AS amount_minor
           FROM kept
          GROUP BY (COALESCE(kept.adjusts, kept.month)), kept.currency, kept.kind
        ), rest AS (
         SELECT month,
            currency,
            kind,
            COALESCE(l.count, 0::bigint)::numeric - COALESCE(b.count, 0::numeric) AS count,
            COALESCE(l.amount_minor, 0::bigint)::numeric - COALESCE(b.amount_minor, 0::numeric) AS amount_minor,
            (month IN ( SELECT closed.period
                   FROM closed)) AS closed
           FROM finance.revenue_live l
             FULL JOIN booked b USING (month, currency, kind)
        ), shown AS (
         SELECT kept.month,
            kept.currency,
            kept.kind,
            kept.count,
            kept.amount_minor,
            kept.adjusts
           FROM kept
        UNION ALL
         SELECT
                CASE
                    WHEN rest.closed THEN ( SELECT first_open.month
                       FROM first_open)
                    ELSE rest.month
                END AS month,
            rest.currency,
            rest.kind,
            rest.count,
            rest.amount_minor,
                CASE
                    WHEN rest.closed THEN rest.month
                    ELSE NULL::text
                END AS "case"
           FROM rest
          WHERE rest.count <> 0::numeric OR rest.amount_minor <> 0::numeric
        )
 SELECT month,
    currency,
    kind,
    count::bigint AS count,
    amount_minor::bigint AS amount_minor,
    finance."decimal"(amount_minor, currency) AS amount,
    adjusts
   FROM shown;
view finance.revenue_live as
 SELECT month,
    currency,
    kind,
    count(*) AS count,
    sum(amount_minor)::bigint AS amount_minor,
    finance."decimal"(sum(amount_minor), currency) AS amount
   FROM ( SELECT payments.month,
            payments.currency,
            'usage'::text AS kind,
            payments.amount_minor
           FROM finance.payments
        UNION ALL
         SELECT fees.month,
            fees.currency,
            'fee'::text,
            fees.amount_minor
           FROM finance.fees
          WHERE fees.status = 'paid'::text
        UNION ALL
         SELECT credit_notes.month,
            credit_notes.currency,
            'credit'::text,
            - credit_notes.amount_minor
           FROM finance.credit_notes
        UNION ALL
         SELECT forfeited.month,
            forfeited.currency,
            'forfeit'::text,
            forfeited.amount_minor
           FROM finance.forfeited
        UNION ALL
         SELECT refunds.month,
            refunds.currency,
            'refund'::text,
            - refunds.amount_minor
           FROM finance.refunds
          WHERE refunds.status = 'succeeded'::text AND refunds.credit_note_id IS NULL) paid
  GROUP BY month, currency, kind;
view finance.seals as
 SELECT p.partition,
    count(s.number) AS seals,
    count(s.number) FILTER (WHERE s.previous <> s.follows) AS broken,
    ( SELECT min(e.recorded_at) AS min
           FROM ledger.entries e
          WHERE e.partition = p.partition AND e.partition_seq > COALESCE(max(s.to_seq), 0::bigint)) AS unsealed_since
   FROM ledger.positions p
     LEFT JOIN ( SELECT seals.partition,
            seals.number,
            seals.to_seq,
            seals.previous,
            lag(seals.seal_hash, 1, decode(repeat('00'::text, 32), 'hex'::text)) OVER (PARTITION BY seals.partition ORDER BY seals.number) AS follows
           FROM ledger.seals) s ON s.partition = p.partition
  GROUP BY p.partition;
view finance.statement as
 SELECT user_id,
    month,
    kind,
    reference,
    description,
    amount_minor,
    currency,
    finance."decimal"(amount_minor::numeric, currency) AS amount,
    status,
    at,
    paid_at,
    cash_month
   FROM ( SELECT payments.user_id,
            payments.month,
            'usage'::text AS kind,
            payments.charge_id::text AS reference,
            ((('block '::text || payments.block) || ' ('::text) || payments.billing_tier) || ')'::text AS description,
            payments.amount_minor,
            payments.currency,
            'succeeded'::text AS status,
            payments.created_at AS at,
            payments.paid_at,
            payments.cash_month
           FROM finance.payments
        UNION ALL
         SELECT c.user_id,
            finance.month_of(c.period_start, c.period_end) AS month_of,
            'usage'::text,
            c.id::text AS id,
            ((('block '::text || c.block) || ' ('::text) || c.billing_tier) || ')'::text,
            c.amount_minor,
            c.currency,
            c.status,
            c.created_at,
            NULL::timestamp with time zone,
            NULL::text
           FROM finance.charges_then c
          WHERE (c.status <> ALL (ARRAY['cancelled'::text, 'succeeded'::text])) AND c.owed
        UNION ALL
         SELECT fees.user_id,
            fees.month,
            'fee'::text,
            fees.invoice_id,
            'monthly fee'::text,
            fees.amount_minor,
            fees.currency,
            fees.status,
            fees.period_start,
            fees.paid_at,
            fees.cash_month
           FROM finance.fees
          WHERE fees.status <> 'voided'::text
        UNION ALL
         SELECT n.user_id,
            n.month,
            'credit'::text,
            n.charge_id::text AS charge_id,
                CASE
                    WHEN n.reverses IS NOT NULL THEN 'credit taken back'::text
                    ELSE 'credit of a corrected block'::text
                END AS "case",
            - n.amount_minor,
            n.currency,
                CASE
                    WHEN n.reverses IS NOT NULL THEN 'taken back'::text
                    WHEN n.refund_status = 'declined'::text THEN 'forfeited'::text
                    WHEN r.method = 'invoice'::text AND n.refund_status = 'succeeded'::text THEN 'applied'::text
                    ELSE COALESCE(n.refund_status, 'credited'::text)
                END AS "coalesce",
            n.credited_at,
            NULL::timestamp with time zone,
            NULL::text
           FROM finance.credit_notes n
             LEFT JOIN finance.refunds r ON r.id = n.refund_id
        UNION ALL
         SELECT forfeited.user_id,
            forfeited.month,
            'forfeit'::text,
            forfeited.charge_id::text AS charge_id,
            'credit forfeited: '::text || COALESCE(forfeited.reason, ''::text),
            forfeited.amount_minor,
            forfeited.currency,
            'forfeited'::text,
            forfeited.at,
            NULL::timestamp with time zone,
            NULL::text
           FROM finance.forfeited
        UNION ALL
         SELECT refunds.user_id,
            refunds.month,
            'refund'::text,
            refunds.charge_id::text AS charge_id,
            'refund made by hand'::text,
            - refunds.amount_minor,
            refunds.currency,
            refunds.status,
            refunds.created_at,
            refunds.succeeded_at,
            refunds.cash_month
           FROM finance.refunds
          WHERE refunds.credit_note_id IS NULL AND refunds.status = 'succeeded'::text) lines
  WHERE user_id IS NOT NULL;
view finance.top_ups as
 SELECT id AS topup_id,
    account,
    user_id,
    finance.month_at(paid_at) AS month,
    units,
    amount_minor,
    currency,
    finance."decimal"(amount_minor::numeric, currency) AS amount,
    payment_intent,
    status,
    paid_at,
    COALESCE(( SELECT sum(r.amount_minor) AS sum
           FROM billing.topup_refunds r
          WHERE r.topup_id = t.id AND r.succeeded_at <= finance.as_of()), 0::numeric)::bigint AS refunded_minor
   FROM billing.topups t
  WHERE paid_at <= finance.as_of();
view finance.trial_balance as
 WITH moved AS (
         SELECT u.text AS unit,
            k.text AS contra,
            - sum(e.amount) AS amount
           FROM ledger.entries e
             JOIN ledger.accounts a ON a.partition = e.partition AND a.account = e.account
             JOIN ledger.names u ON u.partition = a.partition AND u.name = a.unit
             JOIN ledger.names k ON k.partition = e.partition AND k.name = e.contra
          WHERE e.amount <> 0 AND e.recorded_at <= finance.as_of()
          GROUP BY u.text, k.text
        ), held AS (
         SELECT u.text AS unit,
            sum(last.balance_after) AS amount
           FROM ledger.accounts a
             JOIN ledger.names u ON u.partition = a.partition AND u.name = a.unit
             CROSS JOIN LATERAL ( SELECT e.balance_after
                   FROM ledger.entries e
                  WHERE e.partition = a.partition AND e.account = a.account AND e.recorded_at <= finance.as_of()
                  ORDER BY e.seq DESC
                 LIMIT 1) last
          GROUP BY u.text
        ), sides AS (
         SELECT moved.unit,
            'contra:'::text || moved.contra AS side,
            moved.amount
           FROM moved
        UNION ALL
         SELECT held.unit,
            'accounts'::text,
            held.amount
           FROM held
        )
 SELECT sides.unit,
    sides.side,
    sides.amount
   FROM sides
UNION ALL
 SELECT sides.unit,
    'total (must be 0)'::text AS side,
    sum(sides.amount) AS amount
   FROM sides
  GROUP BY sides.unit;
view finance.unbilled_usage as
 SELECT x.charge_id,
    a.id AS account,
    finance.month_of(x.period_start, x.period_end) AS month,
    x.block,
    x.plan,
    x.plan_version,
    x.billing_tier,
    x.amount_minor,
    x.currency,
    finance."decimal"(x.amount_minor::numeric, x.currency) AS amount,
    e.recorded_at AS entered_at
   FROM ledger.crossings x
     JOIN ledger.accounts a ON a.partition = x.partition AND a.account = x.account
     JOIN ledger.entries e ON e.partition = x.partition AND e.partition_seq = x.partition_seq
  WHERE x.charge_id IS NOT NULL AND e.recorded_at <= finance.as_of() AND NOT (EXISTS ( SELECT 1
           FROM billing.charges c
          WHERE c.id = x.charge_id AND c.created_at <= finance.as_of()));
view finance.usage as
 WITH figures AS (
         SELECT a.partition,
            a.account,
            a.id,
            u.text AS unit,
            k.period_start,
            k.period_end,
                CASE
                    WHEN last.period_start = k.period_start THEN last.used_after
                    ELSE k.used
                END AS counted,
            COALESCE(booked.units, 0::numeric) + finance.budgeted_units(a.partition, a.account, k.period_start) AS entered,
            COALESCE(booked.goodwill, 0::numeric) AS goodwill,
            views.plan_content(a.partition, a.account, k.period_start) AS plan
           FROM ledger.accounts a
             JOIN ledger.names u ON u.partition = a.partition AND u.name = a.unit
             CROSS JOIN LATERAL ( SELECT e.seq,
                    e.period_start,
                    e.used_after
                   FROM ledger.entries e
                  WHERE e.partition = a.partition AND e.account = a.account AND e.recorded_at <= finance.as_of()
                  ORDER BY e.seq DESC
                 LIMIT 1) last
             CROSS JOIN LATERAL ( SELECT DISTINCT ON (c.period_start_ms) to_timestamp((c.period_start_ms::numeric / 1000.0)::double precision) AS period_start,
                    to_timestamp((c.period_end_ms::numeric / 1000.0)::double precision) AS period_end,
                    c.used
                   FROM ledger.counters c
                  WHERE c.partition = a.partition AND c.account = a.account AND c.period_start_ms >= 0 AND c.seq <= last.seq
                  ORDER BY c.period_start_ms, c.seq DESC) k
             LEFT JOIN LATERAL ( SELECT - sum(e.amount) FILTER (WHERE c.text = 'usage'::text) AS units,
                    - sum(e.amount) FILTER (WHERE c.text = 'goodwill'::text) AS goodwill
                   FROM ledger.entries e
                     JOIN ledger.names c ON c.partition = e.partition AND c.name = e.contra
                  WHERE e.partition = a.partition AND e.account = a.account AND e.period_start = k.period_start AND (c.text = ANY (ARRAY['usage'::text, 'goodwill'::text])) AND e.seq <= last.seq) booked ON true
          WHERE a.kind = 4 AND finance.is_priced(a.partition, a.account, k.period_start)
        ), blocks AS (
         SELECT f.partition,
            f.account,
            f.id,
            f.unit,
            f.period_start,
            f.period_end,
            f.counted,
            f.entered,
            f.goodwill,
            f.plan,
            p.included,
            p.block,
                CASE
                    WHEN f.counted::numeric <= p.included THEN 0::numeric
                    ELSE div(f.counted::numeric - p.included + p.block - 1::numeric, p.block)
                END AS started
           FROM figures f
             CROSS JOIN LATERAL ( SELECT (f.plan ->> 'included'::text)::numeric AS included,
                    (f.plan ->> 'block'::text)::numeric AS block) p
        ), charged AS (
         SELECT b.partition,
            b.account,
            b.id,
            b.unit,
            b.period_start,
            b.period_end,
            b.counted,
            b.entered,
            b.goodwill,
            b.plan,
            b.included,
            b.block,
            b.started,
            GREATEST(b.counted::numeric - b.included - (b.started - 1::numeric) * b.block, 0::numeric) AS in_last,
            c.whole,
            c.last,
            c.beyond,
            x.entered_blocks
           FROM blocks b
             CROSS JOIN LATERAL ( SELECT count(*) FILTER (WHERE c_1.block::numeric < b.started) AS whole,
                    count(*) FILTER (WHERE c_1.block::numeric = b.started) AS last,
                    count(*) FILTER (WHERE c_1.block::numeric > b.started AND c_1.status <> 'cancelled'::text AND c_1.credited_at IS NULL) AS beyond
                   FROM finance.charges_then c_1
                  WHERE c_1.account = b.id AND c_1.period_start = b.period_start) c
             CROSS JOIN LATERAL ( SELECT count(*) AS entered_blocks
                   FROM ledger.crossings x_1
                     JOIN ledger.entries e ON e.partition = x_1.partition AND e.partition_seq = x_1.partition_seq
                  WHERE x_1.partition = b.partition AND x_1.account = b.account AND x_1.period_start = b.period_start AND x_1.block::numeric <= b.started AND e.recorded_at <= finance.as_of()) x
        ), sums AS (
         SELECT c.partition,
            c.account,
            c.id,
            c.unit,
            c.period_start,
            c.period_end,
            c.counted,
            c.entered,
            c.goodwill,
            c.plan,
            c.included,
            c.block,
            c.started,
            c.in_last,
            c.whole,
            c.last,
            c.beyond,
            c.entered_blocks,
            LEAST(c.counted::numeric, c.included) AS included_units,
            c.whole::numeric * c.block + c.last::numeric * c.in_last AS billed_units,
            GREATEST(c.started - 1::numeric - c.whole::numeric, 0::numeric) * c.block +
                CASE
                    WHEN c.started > 0::numeric AND c.last = 0 THEN c.in_last
                    ELSE 0::numeric
                END AS unbilled_units
           FROM charged c
        )
 SELECT id AS account,
        CASE
            WHEN id ~~ 'metered:%'::text AND POSITION(('/'::text) IN (id)) = 0 THEN replace(replace(substr(id, 9), '%2F'::text, '/'::text), '%25'::text, '%'::text)
            ELSE NULL::text
        END AS user_id,
    to_char(((period_start + (period_end - period_start) / 2::double precision) AT TIME ZONE 'UTC'::text), 'YYYY-MM'::text) AS month,
    period_start,
    period_end,
    unit,
    entered AS ledger_units,
    counted AS counted_units,
    included_units,
    billed_units,
    unbilled_units,
    started AS blocks_started,
    entered_blocks AS blocks_entered,
    whole + last AS blocks_charged,
    beyond AS blocks_charged_beyond,
    entered - (included_units + billed_units + unbilled_units) AS difference,
    goodwill AS goodwill_units
   FROM sums;

CREATE OR REPLACE FUNCTION finance.as_of()
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$ select coalesce(nullif(current_setting('tollgate.as_of', true), '')::timestamptz, 'infinity') $function$

CREATE OR REPLACE FUNCTION finance.budgeted_units(p_partition smallint, p_account integer, p_start timestamp with time zone)
 RETURNS numeric
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  with counted as (
    select b.kind, b.request_id, b.period_start,
      b.used_after <> coalesce(lag(b.used_after) over (partition by b.period_start order by b.seq), 0) as moved
      from ledger.entries b where b.partition = p_partition and b.account = p_account
        and b.recorded_at <= finance.as_of()
  )
  select coalesce(-sum(case when f.amount > 0 then f.amount else (
      select sum(e.amount) from ledger.entries e join ledger.names k on k.partition = e.partition and k.name = e.contra
       where e.partition = f.partition and e.account = f.account and e.source = f.source
         and e.request_id = f.request_id and e.kind = f.kind
         and e.amount < 0 and k.text in ('usage', 'goodwill')) end), 0)
    from counted b
    join ledger.entries f on f.partition = p_partition and f.partition_seq = b.request_id::bigint
   where b.kind = 15 and b.moved and b.period_start = p_start
$function$

CREATE OR REPLACE FUNCTION finance."decimal"(p_minor numeric, p_currency text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE STRICT
AS $function$
  select case
    when p_currency in ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'UGX', 'VND',
      'VUV', 'XAF', 'XOF', 'XPF')
      then trunc(p_minor)::text
    when p_currency in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then round(p_minor / 1000, 3)::text
    else round(p_minor / 100, 2)::text end
$function$

CREATE OR REPLACE FUNCTION finance.is_priced(p_partition smallint, p_account integer, p_start timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select coalesce((
    select case when earlier.found then earlier.plan else t.settings ->> 'plan' end is not null
      from ledger.accounts a
      join ledger.account_terms t on t.partition = a.partition and t.account = a.account
      join ledger.entries e on e.partition = a.partition and e.account = a.account and e.seq = t.seq
      left join lateral (
        select true as found, p ->> 'plan' as plan from jsonb_array_elements(t.settings -> 'earlier_plans') p
         where (p ->> 'until')::timestamptz >= p_start order by (p ->> 'until')::timestamptz limit 1
      ) earlier on true
     where a.partition = p_partition and a.account = p_account and e.recorded_at <= greatest(p_start, a.opened_at)
     order by t.seq desc limit 1), false)
$function$

CREATE OR REPLACE FUNCTION finance.month_at(p_at timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  select to_char(p_at at time zone finance.zone_at(date_trunc('month', p_at, finance.zone_at(p_at))), 'YYYY-MM')
$function$

CREATE OR REPLACE FUNCTION finance.month_of(p_start timestamp with time zone, p_end timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$ select to_char((p_start + (p_end - p_start) / 2) at time zone 'UTC', 'YYYY-MM') $function$

CREATE OR REPLACE FUNCTION finance.zone_at(p_at timestamp with time zone)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO ''
AS $function$
  select coalesce((select content ->> 'time_zone' from billing.catalog_versions
    where catalog = 'price-plan' and name = 'default' and effective_from <= p_at order by effective_from desc,
      version desc limit 1), 'UTC')
$function$


grant select on finance.acknowledgements to finance
grant select on finance.acknowledgements to tollgate_finance
grant select on finance.assigned_payments to finance
grant select on finance.assigned_payments to tollgate_finance
grant select on finance.attempts to finance
grant select on finance.attempts to tollgate_finance
grant select on finance.cash to finance
grant select on finance.cash to tollgate_finance
grant select on finance.charges to finance
grant select on finance.charges to tollgate_finance
grant select on finance.closings to finance
grant select on finance.closings to tollgate_finance
grant select on finance.comparisons to finance
grant select on finance.comparisons to tollgate_finance
grant select on finance.credit_notes to finance
grant select on finance.credit_notes to tollgate_finance
grant select on finance.fees to finance
grant select on finance.fees to tollgate_finance
grant select on finance.open_receivables to finance
grant select on finance.open_receivables to tollgate_finance
grant select on finance.payments to finance
grant select on finance.payments to tollgate_finance
grant select on finance.receivables_ledger to finance
grant select on finance.receivables_ledger to tollgate_finance
grant select on finance.refunds to finance
grant select on finance.refunds to tollgate_finance
grant select on finance.revenue to finance
grant select on finance.revenue to tollgate_finance
grant select on finance.seals to finance
grant select on finance.seals to tollgate_finance
grant select on finance.statement to finance
grant select on finance.statement to tollgate_finance
grant select on finance.top_ups to finance
grant select on finance.top_ups to tollgate_finance
grant select on finance.trial_balance to finance
grant select on finance.trial_balance to tollgate_finance
grant select on finance.unbilled_usage to finance
grant select on finance.unbilled_usage to tollgate_finance
grant select on finance.usage to finance
grant select on finance.usage to tollgate_finance
grant usage on schema finance to finance
grant usage on schema finance to tollgate_finance
