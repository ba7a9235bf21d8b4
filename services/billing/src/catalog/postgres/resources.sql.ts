import type { CatalogResource } from '@tollgate/contracts';

/** Table and columns of a resource, beside the ones that all have. The names are ours, never a caller's. */
export const tablesOf: {
  readonly [Name in CatalogResource]: { readonly table: string; readonly columns: readonly string[] };
} = {
  features: { table: 'billing.features', columns: ['name', 'description', 'is_active'] },
  'feature-endpoints': {
    table: 'billing.feature_endpoints',
    columns: ['feature', 'path', 'method', 'minimum_token', 'is_active'],
  },
  packages: { table: 'billing.packages', columns: ['name', 'features', 'token', 'duration_days', 'overdraft'] },
  'token-profits': { table: 'billing.token_profits', columns: ['percentage', 'is_active'] },
};

const shown = (resource: CatalogResource): string =>
  `id, ${tablesOf[resource].columns.join(', ')}, created_at, updated_at`;

export const listRows = (resource: CatalogResource): string => `
  select ${shown(resource)} from ${tablesOf[resource].table} where removed_at is null
  order by position desc offset $1 limit $2`;
export const countRows = (resource: CatalogResource): string =>
  `select count(*)::integer as total from ${tablesOf[resource].table} where removed_at is null`;
export const readRow = (resource: CatalogResource): string =>
  `select ${shown(resource)} from ${tablesOf[resource].table} where id = $1 and removed_at is null`;

/** $1 the id, $2 the time, then the columns; no row: the id is taken. A removed one is made anew. */
export function insertRow(resource: CatalogResource): string {
  const { table, columns } = tablesOf[resource];
  const values = columns.map((_, index) => `$${index + 3}`).join(', ');
  const replaced = columns.map((column) => `${column} = excluded.${column}`).join(', ');
  return `
  insert into ${table} as t (id, created_at, updated_at, ${columns.join(', ')}) values ($1, $2, $2, ${values})
  on conflict (id) do update set created_at = excluded.created_at, updated_at = excluded.updated_at, removed_at = null,
    ${replaced}
  where t.removed_at is not null
  returning ${shown(resource)}`;
}

/** $1 the id, $2 the time, then the named columns. */
export function updateRow(resource: CatalogResource, columns: readonly string[]): string {
  const assigned = ['updated_at = $2', ...columns.map((column, index) => `${column} = $${index + 3}`)].join(', ');
  return `update ${tablesOf[resource].table} set ${assigned} where id = $1 and removed_at is null
    returning ${shown(resource)}`;
}

export const removeRow = (resource: CatalogResource): string =>
  `update ${tablesOf[resource].table} set removed_at = $2 where id = $1 and removed_at is null
    returning ${shown(resource)}`;

/**
 * Raises the revision. The row stays locked until the end of the transaction, so changes happen one after the other.
 */
export const raiseRevision = 'update billing.token_catalog_revision set revision = revision + 1';

/** Of the ids in $1, those that are no feature. */
export const unknownFeatures = `
  select w.id from unnest($1::text[]) w(id) left join billing.features f on f.id = w.id and f.removed_at is null
    where f.id is null`;

/** Whether an endpoint or a package names the feature $1. */
export const featureInUse = `
  select exists (select 1 from billing.feature_endpoints where feature = $1 and removed_at is null)
    or exists (select 1 from billing.packages where $1 = any (features) and removed_at is null) as used`;

export const findCreation =
  'select content_hash, answer from billing.resource_creations where resource = $1 and request_key = $2';
export const keepCreation =
  'insert into billing.resource_creations (resource, request_key, content_hash, answer) values ($1, $2, $3, $4)';

/** Sum of the active profits, in percent. */
export const activeProfit =
  'select coalesce(sum(percentage), 0)::text as percent from billing.token_profits where is_active and ' +
  'removed_at is null';

/**
 * The rate card `default` in force at $1; one dated a moment later by another instance's clock counts, so that the next
 * version is never dated before it.
 */
export const cardInForce = `
  select content, effective_from, version from billing.catalog_versions
  where catalog = 'rate-card' and name = 'default' and effective_from <= $1::timestamptz + interval '5 seconds'
  order by effective_from desc, version desc limit 1`;

/** What changes whenever the catalog of the token process does; $1 now. */
export const readTag = `
  select r.revision || '-' || (select version from billing.catalog_versions
    where catalog = 'rate-card' and name = 'default' and effective_from <= $1 order by effective_from desc,
      version desc limit 1) as tag
  from billing.token_catalog_revision r`;

export const readEndpoints = `
  select e.id, e.feature, e.minimum_token, e.is_active and f.is_active as active
  from billing.feature_endpoints e join billing.features f on f.id = e.feature where e.removed_at is null`;
export const readPackages = `
  select id, features, token, duration_days, overdraft, removed_at is not null as removed from billing.packages`;
