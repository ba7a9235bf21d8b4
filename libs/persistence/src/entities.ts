import type { Pool } from 'pg';
import type { EntitySchema, ObjectLiteral, Repository, ValueTransformer } from 'typeorm';
import { DataSource } from 'typeorm';

/**
 * TypeORM's repositories on a pool that is there already, so that a service has one pool and its columns are read as by
 * `pg` (`bigint` as bigint). Nothing is synchronized: migrations alone change the schema. The pool's owner ends it.
 */
export async function openEntities(pool: Pool, entities: readonly EntitySchema[]): Promise<DataSource> {
  const source = new DataSource({
    type: 'postgres',
    driver: { Pool: sharing(pool) },
    entities: [...entities],
    synchronize: false,
    installExtensions: false,
    logging: false,
  });
  return source.initialize();
}

/** What TypeORM calls to make its pool. */
const sharing = (pool: Pool): new () => Pool =>
  class {
    constructor() {
      return pool;
    }
  } as unknown as new () => Pool;

/** The entities of `returning('*')`: query builders answer rows as the database names them. */
export function returned<Entity extends ObjectLiteral>(
  { metadata, manager }: Repository<Entity>,
  { raw }: { readonly raw: unknown },
): Entity[] {
  const { driver } = manager.connection;
  return (raw as readonly Readonly<Record<string, unknown>>[]).map(
    (row) =>
      Object.fromEntries(
        metadata.columns.map((column) => [
          column.propertyName,
          driver.prepareHydratedValue(row[column.databaseName], column),
        ]),
      ) as Entity,
  );
}

/** A `timestamptz` as ISO 8601 text with milliseconds. */
export const isoInstant: ValueTransformer = {
  to: (text: string | null | undefined) => text,
  from: (at: Date | null) => (at === null ? null : at.toISOString()),
};
