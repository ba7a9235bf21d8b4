import { AppError, invariant } from '@tollgate/kernel';
import pg from 'pg';
import type { DataSource, Logger, MigrationInterface, QueryRunner } from 'typeorm';

import { roleUrl } from './roles.ts';

/** One forward step. `name` is `<14-digit UTC timestamp>-<verb>-<thing>`, `sql` may hold several statements. */
export type Migration = { readonly name: string; readonly sql: string };

/**
 * A service's schema: owned by the administrator, used by `role`, which has the rights that the migrations grant and no
 * more.
 */
export type ServiceSchema = {
  readonly schema: string;
  readonly role: string;
  readonly migrations: readonly Migration[];
  /** Further roles that log in, for callers of what the schema offers; the migrations grant what they may. */
  readonly otherRoles?: readonly string[];
};

export type MigrateOptions = {
  /** An address whose role may create roles and schemas. */
  readonly adminUrl: string;
  readonly schemas: readonly ServiceSchema[];
  /** The password of a role. */
  readonly rolePassword: (role: string) => string;
};

/** "tollgate" in ASCII, cut to 31 bits: one migrator at a time in a database. */
const migrationLock = 0x746f6c6c;
const lockWaitMs = 120_000;
const identifier = /^[a-z][a-z0-9_]{0,62}$/;

/**
 * Brings every schema to its newest version: roles and schemas are created once, each migration runs once, in the order
 * given, in a transaction of its own, and is recorded in `<schema>.migrations`. Two migrators at once are safe, a
 * repeat changes nothing. Answers the names of what ran, `<schema>/<name>`.
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const admin = new pg.Client({
    connectionString: options.adminUrl,
    application_name: 'tollgate-migrate',
    connectionTimeoutMillis: 10_000,
  });
  admin.on('error', () => undefined);
  await admin.connect();
  try {
    await admin.query(`set lock_timeout = ${lockWaitMs}`);
    await admin.query('select pg_advisory_lock($1)', [migrationLock]);
    const ran: string[] = [];
    for (const service of options.schemas) {
      checkNames(service);
      for (const role of [service.role, ...(service.otherRoles ?? [])]) await prepareRole(admin, options, role);
      await admin.query(`create schema if not exists ${service.schema}`);
      await admin.query(`grant usage on schema ${service.schema} to ${service.role}`);
      for (const name of await runMigrations(options.adminUrl, service)) ran.push(`${service.schema}/${name}`);
    }
    return ran;
  } finally {
    await admin.end();
  }
}

function checkNames({ schema, role, otherRoles = [], migrations }: ServiceSchema): void {
  invariant(
    [schema, role, ...otherRoles].every((name) => identifier.test(name)),
    `schema ${schema} and its roles are plain identifiers`,
  );
  for (const [index, { name }] of migrations.entries()) {
    const before = migrations[index - 1];
    invariant(before === undefined || before.name < name, `migration ${schema}/${name} comes after ${before?.name}`);
  }
}

/** Creates the role, or gives it the password it should have; a prepared role whose password fits is left alone. */
async function prepareRole(admin: pg.Client, options: MigrateOptions, role: string): Promise<void> {
  const password = options.rolePassword(role);
  // Roles belong to the whole server: another database's migrator may be at the same one just now.
  for (let attempt = 1; ; attempt++) {
    const { rowCount } = await admin.query('select 1 from pg_roles where rolname = $1', [role]);
    if (rowCount === 1 && (await canLogIn(roleUrl(options.adminUrl, role, password)))) return;
    const verb = rowCount === 1 ? 'alter' : 'create';
    try {
      await admin.query(`${verb} role ${role} login password ${admin.escapeLiteral(password)}`);
      return;
    } catch (error) {
      const code = error instanceof pg.DatabaseError ? error.code : undefined;
      if (attempt < 5 && code !== undefined && ['23505', '42710', 'XX000'].includes(code)) continue;
      throw new AppError(
        'unavailable',
        'MIGRATION_FAILED',
        `cannot prepare the database role ${role}: ${String(error)}`,
        {},
        error,
      );
    }
  }
}

async function canLogIn(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    // 28P01 and 28000: wrong password. Anything else is another error.
    if (error instanceof pg.DatabaseError && (error.code === '28P01' || error.code === '28000')) return false;
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const nothing = (): void => undefined;
/** What fails is thrown; TypeORM would print it as well. */
const silent: Logger = {
  logQuery: nothing,
  logQueryError: nothing,
  logQuerySlow: nothing,
  logSchemaBuild: nothing,
  logMigration: nothing,
  log: nothing,
};

/**
 * TypeORM's runner, fed with our SQL. Loaded here only: it is large, and services on a migrated database never need it.
 */
async function runMigrations(adminUrl: string, { schema, migrations }: ServiceSchema): Promise<readonly string[]> {
  if (migrations.length === 0) return [];
  const { DataSource } = await import('typeorm');
  const classes = migrations.map(toTypeOrmMigration);
  const names = new Map(classes.map((migration, index) => [new migration().name, migrations[index]?.name ?? '']));
  const source: DataSource = new DataSource({
    type: 'postgres',
    url: adminUrl,
    schema,
    migrations: classes,
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    installExtensions: false,
    logger: silent,
    extra: { max: 1, connectionTimeoutMillis: 10_000 },
  });
  await source.initialize();
  try {
    return (await source.runMigrations()).map(({ name }) => names.get(name) ?? name);
  } finally {
    await source.destroy();
  }
}

function toTypeOrmMigration({ name, sql }: Migration): new () => MigrationInterface & { readonly name: string } {
  const typeOrmName = typeOrmNameOf(name);
  return class implements MigrationInterface {
    readonly name = typeOrmName;
    async up(runner: QueryRunner): Promise<void> {
      await runner.query(sql);
    }
    async down(): Promise<void> {
      throw new AppError('bug', 'INVARIANT_BROKEN', 'migrations go forward only');
    }
  };
}

/**
 * TypeORM orders by 13 digits of milliseconds at the end of a name: `20261121093000-create-x` →
 * `create-x1795253400000`.
 */
function typeOrmNameOf(name: string): string {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)-([a-z0-9-]+)$/.exec(name);
  invariant(parts !== null, `migration ${name} is named <yyyymmddhhmmss>-<verb>-<thing>`);
  const [year = 0, month = 1, day, hour, minute, second] = parts.slice(1, 7).map(Number);
  return `${parts[7]}${Date.UTC(year, month - 1, day, hour, minute, second)}`;
}
