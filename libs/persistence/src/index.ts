export { createPool, withTransaction } from './pool.ts';
export type { PoolSettings } from './pool.ts';
export { migrate } from './migrate.ts';
export type { Migration, MigrateOptions, ServiceSchema } from './migrate.ts';
export { rolePassword, roleUrl } from './roles.ts';
export { runningEmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
export type { EmbeddedPostgres, EmbeddedPostgresOptions } from './embedded-postgres.ts';
export { UnknownColumn, viewRows } from './view-rows.ts';
export type { ViewPage, ViewQuery, ViewRow } from './view-rows.ts';
