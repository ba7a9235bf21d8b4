import type { Pool, PoolClient } from 'pg';
import pg from 'pg';

export type PoolSettings = {
  readonly url: string;
  /** Connections at most. */
  readonly max: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** A query that takes longer is given up on (its connection too). Default: no bound. */
  readonly queryTimeoutMs?: number;
  /** Called when an idle connection is lost; the pool replaces it by itself. */
  readonly onLostConnection?: (error: Error) => void;
};

/** PostgreSQL's type numbers. */
const int8Oid = 20;
const dateOid = 1082;

/** How long a dead peer may go unnoticed (rule 6: at most 10 s). */
const peerTimeoutMs = 10_000;

/** Ends the back end of a client that vanished, so that it cannot keep locks for ever (rule 6). */
const sessionOptions = [
  `-c tcp_user_timeout=${peerTimeoutMs}`,
  '-c tcp_keepalives_idle=5',
  '-c tcp_keepalives_interval=2',
  '-c tcp_keepalives_count=2',
].join(' ');

/**
 * bigint columns arrive as `bigint` and dates as text, on this pool only: the driver's own table is shared by
 * everybody.
 */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
    if (format !== 'binary') {
      if (oid === int8Oid) return BigInt;
      if (oid === dateOid) return (text) => text;
    }
    return pg.types.getTypeParser(oid, format);
  },
};

/**
 * A pool on `pg`. `bigint` columns are read as `bigint`, `date` as text, `numeric` stays text. A lost idle connection
 * never ends the process; connecting takes at most 10 s, else the query that asked for it rejects.
 */
export function createPool(settings: PoolSettings): Pool {
  const pool = new pg.Pool({
    connectionString: settings.url,
    max: settings.max,
    application_name: settings.applicationName,
    connectionTimeoutMillis: peerTimeoutMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    options: sessionOptions,
    types,
    ...(settings.queryTimeoutMs === undefined ? {} : { query_timeout: settings.queryTimeoutMs }),
  });
  pool.on('error', (error: Error & { client?: unknown }) => {
    // The driver hangs the whole client on it, cancel key included: nothing for a log.
    delete error.client;
    settings.onLostConnection?.(error);
  });
  // A checked-out connection reports its loss through the query under way too; this listener keeps the event from being
  // fatal.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/**
 * Runs `work` in one transaction: committed when it resolves, rolled back when it rejects. A rejection of the COMMIT
 * itself leaves the outcome unknown; the connection is closed and the error passed on.
 */
export async function withTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client).catch(async (error: unknown) => {
      await client.query('rollback').catch((lost: Error) => (broken = lost));
      throw error;
    });
    await client.query('commit').catch((error: Error) => {
      broken = error;
      throw error;
    });
    return result;
  } finally {
    client.release(broken);
  }
}
