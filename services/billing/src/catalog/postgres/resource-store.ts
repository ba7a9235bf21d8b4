import { createHash } from 'node:crypto';

import type { CatalogItem, CatalogResource, ResourceFields, ResourceView, TokenCatalog } from '@tollgate/contracts';
import { AppError, canonicalJson, type Clock } from '@tollgate/kernel';
import { withTransaction } from '@tollgate/persistence';
import { parsePercent } from '@tollgate/pricing';
import pg, { type Pool, type PoolClient } from 'pg';

import { orOutage } from '../../postgres/or-outage.ts';
import type { Changed, ResourceStore } from '../app/catalog-ports.ts';
import { insertVersion, lockName } from './catalog.sql.ts';
import {
  activeProfit,
  cardInForce,
  countRows,
  featureInUse,
  findCreation,
  insertRow,
  keepCreation,
  listRows,
  raiseRevision,
  readEndpoints,
  readPackages,
  readRow,
  readTag,
  removeRow,
  tablesOf,
  unknownFeatures,
  updateRow,
} from './resources.sql.ts';

type Row = Readonly<Record<string, unknown>> & { readonly created_at: Date; readonly updated_at: Date };

/**
 * `ResourceStore` on PostgreSQL: each change is one transaction, in one order with all others, profits with their rate
 * card.
 */
export function resourceStore(pool: Pool, clock: Clock): ResourceStore {
  const change = (
    resource: CatalogResource,
    work: (tx: PoolClient, now: Date) => Promise<ResourceView | null>,
  ): Promise<Changed | null> =>
    orInvalid(() =>
      withTransaction(pool, async (tx) => {
        await tx.query(raiseRevision);
        const item = await work(tx, new Date(clock.nowMs()));
        if (item === null) return null;
        return {
          item,
          replayed: false,
          published: resource === 'token-profits' ? await publishProfit(tx, clock) : null,
        };
      }),
    );

  return {
    list: ({ resource, offset, limit }) =>
      orInvalid(async () => {
        const { rows } = await pool.query<Row>(listRows(resource), [offset, limit]);
        const counted = await pool.query<{ total: number }>(countRows(resource), []);
        return { items: rows.map((row) => fromRow(resource, row)), total: counted.rows[0]?.total ?? 0 };
      }),
    read: ({ resource, id }) =>
      orInvalid(async () => one(resource, (await pool.query<Row>(readRow(resource), [id])).rows)),
    create: (creation) => create(pool, clock, creation),
    change: ({ resource, id, fields }) =>
      change(resource, async (tx, now) => {
        await refuseUnknownFeatures(tx, resource, fields);
        const columns = tablesOf[resource].columns.filter((column) => fields[column] !== undefined);
        const values = columns.map((column) => fields[column]);
        return one(resource, (await tx.query<Row>(updateRow(resource, columns), [id, now, ...values])).rows);
      }),
    remove: ({ resource, id }) =>
      change(resource, async (tx, now) => {
        if (resource === 'features' && (await tx.query<{ used: boolean }>(featureInUse, [id])).rows[0]?.used === true) {
          throw new AppError('conflict', 'RESOURCE_IN_USE', 'an endpoint or a package still names this feature');
        }
        return one(resource, (await tx.query<Row>(removeRow(resource), [id, now])).rows);
      }),
    tokenCatalog: (known) => orInvalid(() => tokenCatalog(pool, new Date(clock.nowMs()), known)),
  };
}

const create = (pool: Pool, clock: Clock, creation: Parameters<ResourceStore['create']>[0]): Promise<Changed> =>
  orInvalid(() =>
    withTransaction(pool, async (tx) => {
      const { resource, id, fields, key, givenId } = creation;
      const hash = createHash('sha256')
        .update(canonicalJson({ fields, id: givenId }))
        .digest('hex');
      await tx.query(raiseRevision);
      if (key !== undefined) {
        const [known] = (await tx.query<{ content_hash: string; answer: ResourceView }>(findCreation, [resource, key]))
          .rows;
        if (known !== undefined && known.content_hash !== hash)
          throw new AppError('reused', 'IDEMPOTENCY_KEY_REUSED', 'this key has created something else');
        if (known !== undefined)
          return { item: known.answer, replayed: true, published: await publishedBefore(tx, resource, clock) };
      }
      await refuseUnknownFeatures(tx, resource, fields);
      const values = tablesOf[resource].columns.map((column) => fields[column] ?? null);
      const item = one(
        resource,
        (await tx.query<Row>(insertRow(resource), [id, new Date(clock.nowMs()), ...values])).rows,
      );
      if (item === null) throw new AppError('conflict', 'RESOURCE_EXISTS', 'this id is taken');
      if (key !== undefined) await tx.query(keepCreation, [resource, key, hash, JSON.stringify(item)]);
      return { item, replayed: false, published: resource === 'token-profits' ? await publishProfit(tx, clock) : null };
    }),
  );

/**
 * Publishes the next version of the rate card `default` with the active profits as this transaction leaves them. Other
 * publications of that name wait meanwhile, so the newest version always has the active profits.
 */
async function publishProfit(tx: PoolClient, clock: Clock): Promise<Pick<CatalogItem, 'catalog' | 'name' | 'version'>> {
  const [catalog, name] = ['rate-card', 'default'] as const;
  await tx.query(lockName, [catalog, name]);
  const percent = await profitOf(tx);
  const nowMs = clock.nowMs();
  const [card] = (
    await tx.query<{ content: Record<string, unknown>; effective_from: Date }>(cardInForce, [new Date(nowMs)])
  ).rows;
  const content = { ...card?.content, profit_percent: percent };
  const fromMs = Math.max(nowMs, card?.effective_from.getTime() ?? 0);
  const hash = createHash('sha256').update(canonicalJson(content)).digest('hex');
  const values = [catalog, name, new Date(fromMs), new Date(nowMs), JSON.stringify(content), null, hash];
  const [row] = (await tx.query<{ version: number }>(insertVersion, values)).rows;
  if (row === undefined) throw new AppError('bug', 'INVARIANT_BROKEN', 'a version was not inserted');
  return { catalog, name, version: row.version };
}

/** A repeat waits for the booking too: its first try may have been given up on. */
async function publishedBefore(tx: PoolClient, resource: CatalogResource, clock: Clock): Promise<Changed['published']> {
  if (resource !== 'token-profits') return null;
  const [card] = (await tx.query<{ version: number }>(cardInForce, [new Date(clock.nowMs())])).rows;
  return card === undefined ? null : { catalog: 'rate-card', name: 'default', version: card.version };
}

/** Sum of the active profits. @throws AppError('invalid') beyond what a rate card takes. */
export async function profitOf(tx: PoolClient): Promise<number> {
  const [row] = (await tx.query<{ percent: string }>(activeProfit)).rows;
  const percent = Number(row?.percent ?? '0');
  try {
    parsePercent(percent);
  } catch {
    throw new AppError('invalid', 'REQUEST_INVALID', 'the active profits add up to more than 1000 percent', {
      sources: [{ path: 'percentage', message: 'the active profits add up to more than 1000 percent' }],
    });
  }
  return percent;
}

async function refuseUnknownFeatures(tx: PoolClient, resource: CatalogResource, fields: ResourceFields): Promise<void> {
  const path = resource === 'feature-endpoints' ? 'feature' : resource === 'packages' ? 'features' : null;
  const named = path === null ? undefined : fields[path];
  if (path === null || named === undefined) return;
  const { rows } = await tx.query<{ id: string }>(unknownFeatures, [Array.isArray(named) ? named : [named]]);
  const [first] = rows;
  if (first === undefined) return;
  const message = `there is no feature ${first.id}`;
  throw new AppError('invalid', 'REQUEST_INVALID', message, { sources: [{ path, message }] });
}

/** The tag is read first: a change after that leaves callers with an old tag, so they fetch again. */
async function tokenCatalog(pool: Pool, now: Date, known: string | undefined): Promise<TokenCatalog | null> {
  const tag = (await pool.query<{ tag: string }>(readTag, [now])).rows[0]?.tag ?? '';
  if (tag === known) return null;
  type Endpoint = Omit<TokenCatalog['endpoints'][number], 'minimum_token'> & { readonly minimum_token: bigint };
  type Package = Omit<TokenCatalog['packages'][number], 'token'> & { readonly token: bigint };
  const [endpoints, packages, card] = await Promise.all([
    pool.query<Endpoint>(readEndpoints),
    pool.query<Package>(readPackages),
    pool.query<{ content: unknown }>(cardInForce, [now]),
  ]);
  return {
    tag,
    endpoints: endpoints.rows.map((row) => ({ ...row, minimum_token: Number(row.minimum_token) })),
    packages: packages.rows.map((row) => ({ ...row, token: Number(row.token) })),
    card: card.rows[0]?.content ?? {},
  };
}

const one = (resource: CatalogResource, [row]: readonly Row[]): ResourceView | null =>
  row === undefined ? null : fromRow(resource, row);

/** The driver gives percentages as text; whole numbers here are below 2^53. */
function fromRow(resource: CatalogResource, row: Row): ResourceView {
  const view: Record<string, unknown> = { id: row['id'] };
  for (const column of tablesOf[resource].columns) {
    const value = row[column];
    view[column] = typeof value === 'bigint' || column === 'percentage' ? Number(value) : value;
  }
  return {
    ...view,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  } as ResourceView;
}

async function orInvalid<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await orOutage(query);
  } catch (error) {
    if (error instanceof AppError) throw error;
    // The gateway checks numbers first; this covers any that a column still refuses.
    if (
      error instanceof pg.DatabaseError &&
      (error.code?.startsWith('22') === true || error.code?.startsWith('23') === true)
    ) {
      throw new AppError('invalid', 'REQUEST_INVALID', 'the resource cannot be stored', {}, error);
    }
    throw error;
  }
}
