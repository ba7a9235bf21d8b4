import { createHash, randomUUID } from 'node:crypto';

import pg from 'pg';

import { sharedServer } from './test-run.ts';

/** A database of one spec file. */
export type FreshDatabase = {
  readonly url: string;
  /** Ends what is still connected and removes it. */
  drop(): Promise<void>;
};

export type FreshDatabaseOptions = {
  /**
   * What makes two templates the same, for example the joined SQL of all migrations: hashed into the template's name.
   * Without it `migrate` runs on the fresh database itself.
   */
  readonly template?: string;
  /** Brings an empty database to the schema under test; runs once per template and server. */
  readonly migrate?: (url: string) => Promise<void>;
  /** Server to use instead of the run's: the URL of its maintenance database. */
  readonly server?: string;
};

/** A fresh database, cloned from the migrated template. Spec files and processes may ask at the same time. */
export async function freshDatabase(options: FreshDatabaseOptions = {}): Promise<FreshDatabase> {
  const server = options.server ?? (await sharedServer('postgres'));
  const name = `t_${randomUUID().replaceAll('-', '')}`;
  await withClient(server, async (client) => {
    const template =
      options.template !== undefined && options.migrate !== undefined
        ? await templateOf(client, server, options.template, options.migrate)
        : 'template0';
    await client.query(`create database ${name} template ${template}`);
  });
  const url = databaseUrl(server, name);
  if (options.template === undefined) await options.migrate?.(url);
  return {
    url,
    drop: () =>
      withClient(server, async (client) => void (await client.query(`drop database if exists ${name} with (force)`))),
  };
}

/**
 * Makes the template if it is not there; one maker at a time on the server. A maker that died leaves no half template.
 */
async function templateOf(
  client: pg.Client,
  server: string,
  key: string,
  migrate: (url: string) => Promise<void>,
): Promise<string> {
  const name = `tpl_${createHash('sha256').update(key).digest('hex').slice(0, 24)}`;
  const lock = BigInt.asIntN(
    64,
    BigInt(`0x${createHash('sha256').update(name).digest('hex').slice(0, 16)}`),
  ).toString();
  await client.query('select pg_advisory_lock($1)', [lock]);
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (found.rowCount === 0) {
      await client.query(`drop database if exists ${name}_new with (force)`);
      await client.query(`create database ${name}_new template template0`);
      await migrate(databaseUrl(server, `${name}_new`));
      await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [`${name}_new`]);
      await client.query(`alter database ${name}_new rename to ${name}`);
    }
  } finally {
    await client.query('select pg_advisory_unlock($1)', [lock]);
  }
  return name;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.toString();
}
