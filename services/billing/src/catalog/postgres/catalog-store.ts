import type { CatalogItem, CatalogVersionView } from '@tollgate/contracts';
import { AppError, invariant } from '@tollgate/kernel';
import { withTransaction } from '@tollgate/persistence';
import pg, { type Pool } from 'pg';

import { orOutage } from '../../postgres/or-outage.ts';
import type { CatalogStore } from '../app/catalog-ports.ts';
import {
  awaitingBooking,
  findByKey,
  findVersion,
  insertVersion,
  listVersions,
  lockName,
  markAppended,
  markBooked,
  nextOutstanding,
  tryBroadcastLock,
} from './catalog.sql.ts';
import { profitOf } from './resource-store.ts';

type VersionRow = {
  readonly catalog: CatalogItem['catalog'];
  readonly name: string;
  readonly version: number;
  readonly effective_from: Date;
  readonly published_at: Date;
  readonly content: unknown;
  readonly booked: boolean;
};

/** `CatalogStore` on PostgreSQL. Loss of the database is AppError('unavailable'). */
export function catalogStore(pool: Pool): CatalogStore {
  const versions = async (sql: string, values: readonly unknown[]): Promise<readonly CatalogVersionView[]> =>
    (await pool.query<VersionRow>(sql, [...values])).rows.map(fromRow);

  return {
    publish: (publication, at) => publish(pool, publication, at),
    find: async ({ catalog, name, version }) =>
      (await orConflict(() => versions(findVersion, [catalog, name, version])))[0] ?? null,
    list: ({ catalog, name }) => orConflict(() => versions(listVersions, [catalog, name ?? null])),
    appendOutstanding: (append) => appendOutstanding(pool, append),
    awaitingBooking: async () => (await versions(awaitingBooking, [])).map(itemOf),
    markBooked: async ({ catalog, name, version }) => {
      await pool.query(markBooked, [catalog, name, version]);
    },
  };
}

const publish = (pool: Pool, ...[publication, at]: Parameters<CatalogStore['publish']>): Promise<CatalogVersionView> =>
  orConflict(() =>
    withTransaction(pool, async (tx) => {
      const { catalog, name, content, effectiveFromMs } = publication;
      await tx.query(lockName, [catalog, name]);
      const withProfit = await contentWithProfit(tx, catalog, name, content);
      const version =
        (await versionOfKey(tx, at)) ??
        (
          await tx.query<{ version: number }>(insertVersion, [
            catalog,
            name,
            new Date(effectiveFromMs),
            new Date(at.nowMs),
            JSON.stringify(withProfit),
            at.key ?? null,
            at.hash,
          ])
        ).rows[0]?.version;
      const row = (await tx.query<VersionRow>(findVersion, [catalog, name, version])).rows[0];
      invariant(row !== undefined, 'a published version can be read in its own transaction');
      return fromRow(row);
    }),
  );

/** The card that token processes are rated by keeps the active profits unless it names a percentage of its own. */
async function contentWithProfit(
  tx: pg.PoolClient,
  ...[catalog, name, content]: [string, string, unknown]
): Promise<unknown> {
  if (
    catalog !== 'rate-card' ||
    name !== 'default' ||
    typeof content !== 'object' ||
    content === null ||
    'profit_percent' in content
  )
    return content;
  const percent = await profitOf(tx);
  return percent === 0 ? content : { ...content, profit_percent: percent };
}

/** The version that a key published first; undefined: the key is new or there is none. */
async function versionOfKey(
  tx: pg.PoolClient,
  { key, hash }: { readonly key?: string; readonly hash: string },
): Promise<number | undefined> {
  if (key === undefined) return undefined;
  const known = (await tx.query<{ version: number; content_hash: string }>(findByKey, [key])).rows[0];
  if (known !== undefined && known.content_hash !== hash) throw reused();
  return known?.version;
}

const appendOutstanding = (pool: Pool, append: (item: CatalogItem) => Promise<void>): Promise<void> =>
  withTransaction(pool, async (tx) => {
    const { rows } = await tx.query<{ ours: boolean }>(tryBroadcastLock);
    if (rows[0]?.ours !== true) return;
    for (;;) {
      const row = (await tx.query<VersionRow>(nextOutstanding)).rows[0];
      if (row === undefined) return;
      await append(itemOf(fromRow(row)));
      await tx.query(markAppended, [row.catalog, row.name, row.version]);
    }
  });

function fromRow(row: VersionRow): CatalogVersionView {
  const { catalog, name, version, content } = row;
  return {
    catalog,
    name,
    version,
    effective_from: row.effective_from.toISOString(),
    content,
    published_at: row.published_at.toISOString(),
    status: row.booked ? 'booked' : 'pending',
  };
}

const itemOf = ({ catalog, name, version, effective_from, content }: CatalogVersionView): CatalogItem => ({
  catalog,
  name,
  version,
  effective_from,
  content,
});

const reused = (): AppError =>
  new AppError('reused', 'IDEMPOTENCY_KEY_REUSED', 'this key has published something else');

async function orConflict<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await orOutage(query);
  } catch (error) {
    if (error instanceof AppError) throw error;
    // Two concurrent publications used the same new key for different names.
    if (error instanceof pg.DatabaseError && error.constraint === 'catalog_versions_key_once') throw reused();
    if (error instanceof pg.DatabaseError && error.constraint === 'catalog_versions_plan_once') {
      throw new AppError(
        'conflict',
        'CATALOG_CONFLICT',
        'another version of this plan takes effect at the same moment',
        {},
        error,
      );
    }
    throw error;
  }
}
