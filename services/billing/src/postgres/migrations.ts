import type { ServiceSchema } from '@tollgate/persistence';

import { acknowledgeDifferences } from './migrations/acknowledge-differences.sql.ts';
import { addFirstApproval } from './migrations/add-first-approval.sql.ts';
import { applyCredits } from './migrations/apply-credits.sql.ts';
import { createCharges } from './migrations/create-charges.sql.ts';
import { createClosings } from './migrations/create-closings.sql.ts';
import { createReconciliations } from './migrations/create-reconciliations.sql.ts';
import { createRefunds } from './migrations/create-refunds.sql.ts';
import { createTokenCatalog } from './migrations/create-token-catalog.sql.ts';
import { createTopUpRefunds } from './migrations/create-topup-refunds.sql.ts';
import { createTopUps } from './migrations/create-topups.sql.ts';
import { createWebhooks } from './migrations/create-webhooks.sql.ts';
import { endFees } from './migrations/end-fees.sql.ts';
import { guardWebhooks } from './migrations/guard-webhooks.sql.ts';
import { keepHistory } from './migrations/keep-history.sql.ts';
import { nameInputRate } from './migrations/name-input-rate.sql.ts';
import { numberReconciliations } from './migrations/number-reconciliations.sql.ts';
import { priceFeesByPlan } from './migrations/price-fees-by-plan.sql.ts';
import { publishBuiltInPlan } from './migrations/publish-built-in-plan.sql.ts';
import { retryFees } from './migrations/retry-fees.sql.ts';
import { tellThresholds } from './migrations/tell-thresholds.sql.ts';

/**
 * Billing's schema; the service may read and add, and note on the outbox how far a broadcast is. Nothing is ever
 * removed: resources are marked.
 */
export const billingSchema: ServiceSchema = {
  schema: 'billing',
  role: 'tollgate_billing',
  migrations: [
    {
      name: '20261121090000-create-catalog',
      sql: `
        create table billing.catalog_versions (
          catalog text not null check (catalog in ('rate-card', 'price-plan')),
          name text not null,
          version integer not null check (version > 0),
          effective_from timestamptz not null,
          published_at timestamptz not null,
          content jsonb not null,
          request_key text,
          content_hash text not null,
          constraint catalog_versions_once primary key (catalog, name, version),
          constraint catalog_versions_key_once unique (request_key),
          constraint catalog_versions_never_back_dated check (effective_from >= published_at)
        );
        comment on table billing.catalog_versions is 'Published versions; immutable.';

        create table billing.outbox (
          position bigint generated always as identity,
          catalog text not null,
          name text not null,
          version integer not null,
          appended_at timestamptz,
          booked_at timestamptz,
          constraint outbox_pkey primary key (position),
          constraint outbox_version_once unique (catalog, name, version),
          constraint outbox_version_fkey foreign key (catalog, name, version) references billing.catalog_versions
        );
        create index outbox_outstanding on billing.outbox (position) where booked_at is null;
        comment on table billing.outbox is 'Which versions the log, and then every partition of the ledger, has taken.';

        create function billing.refuse_change() returns trigger language plpgsql as $$
          begin raise exception 'a published version is immutable'; end $$;
        create trigger catalog_versions_immutable before update or delete or truncate on billing.catalog_versions
          for each statement execute function billing.refuse_change();

        grant select, insert on billing.catalog_versions to tollgate_billing;
        grant select, insert, update (appended_at, booked_at) on billing.outbox to tollgate_billing;

        -- The rate card that the ledger has built in; no broadcast needed, so nothing in the outbox.
        insert into billing.catalog_versions (catalog, name, version, effective_from, published_at, content,
          content_hash)
        values ('rate-card', 'default', 1, '1970-01-01Z', '1970-01-01Z',
          '{"profit_percent": 0, "meters": {"llm.tokens": {"rates": {"*": {"output_tokens": "1/4"}}, "profit": true}}}', 'built-in');
      `,
    },
    createTokenCatalog,
    createCharges,
    publishBuiltInPlan,
    createWebhooks,
    createRefunds,
    createReconciliations,
    retryFees,
    nameInputRate,
    addFirstApproval,
    guardWebhooks,
    priceFeesByPlan,
    endFees,
    keepHistory,
    createClosings,
    applyCredits,
    tellThresholds,
    acknowledgeDifferences,
    numberReconciliations,
    createTopUps,
    createTopUpRefunds,
  ],
};
