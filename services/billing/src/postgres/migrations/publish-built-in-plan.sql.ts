/**
 * The price plan that the ledger has built in is version 1 of `default`; no broadcast needed, so nothing in the outbox.
 */
export const publishBuiltInPlan = {
  name: '20261121111000-publish-built-in-plan',
  sql: `
insert into billing.catalog_versions (catalog, name, version, effective_from, published_at, content, content_hash)
values ('price-plan', 'default', 1, '1970-01-01Z', '1970-01-01Z',
  '{"included": "8000000", "block": "8000000", "block_price": "10000", "fixed_fee": "40000", "currency": "BRL", "time_zone": "UTC", "grace_seconds": 3600}',
  'built-in');
create unique index catalog_versions_plan_once on billing.catalog_versions (name, effective_from)
  where catalog = 'price-plan';
comment on index billing.catalog_versions_plan_once
  is 'No two versions of a plan take effect at one moment: which one prices a period is never in doubt.';
`,
} as const;
