import { AppError } from '@tollgate/kernel';
import pg from 'pg';

/** Advisory lock of a database's log ("tgl" and a number): the session that has it is the only writer (rule 4). */
const lockKey = 0x74676c01;

/** Time limit of a writer's statement; after it the connection is closed. */
const hangMaxMs = 10_000;

/**
 * The writer's connection: the lock belongs to its session, so a statement on it can only run while the lock is held.
 */
export type LogConnection = {
  readonly client: pg.Client;
  /** Process id of the back end, to terminate it when only our side of the connection is lost. */
  readonly backend: Backend;
  readonly lost: () => boolean;
};
export type Backend = { readonly pid: number; readonly startedAt: string };

/**
 * Connects and takes the lock. If `previous`, our own back end whose connection was lost, still has it, that back end
 * is terminated first: once the lock is ours, nothing of it can commit.
 * @throws AppError('conflict', LOG_IN_USE) when another process has the log open.
 */
export async function connectLog(
  url: string,
  previous: Backend | undefined,
  onLost: () => void,
): Promise<LogConnection> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'tollgate-log',
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    query_timeout: hangMaxMs,
    options: '-c tcp_user_timeout=10000 -c synchronous_commit=on',
  });
  let lost = false;
  const lose = (): void => {
    if (lost) return;
    lost = true;
    onLost();
  };
  client.on('error', lose);
  client.on('end', lose);
  try {
    await client.connect();
    if (previous !== undefined) {
      await client.query(
        'select pg_terminate_backend(pid, 5000) from pg_stat_activity where pid = $1 and backend_start::text = $2',
        [previous.pid, previous.startedAt],
      );
    }
    await takeLock(client);
    const { rows } = await client.query<{ pid: number; started_at: string }>(
      'select pid, backend_start::text as started_at from pg_stat_activity where pid = pg_backend_pid()',
    );
    return { client, backend: { pid: rows[0]?.pid ?? 0, startedAt: rows[0]?.started_at ?? '' }, lost: () => lost };
  } catch (error) {
    lost = true;
    client.end().catch(() => undefined);
    throw error;
  }
}

async function takeLock(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [lockKey]);
  if (rows[0]?.taken === true) return;
  throw new AppError('conflict', 'LOG_IN_USE', 'another process has the log of this database open: stop it first');
}

/** Whether PostgreSQL refused the statement and the connection is alive: the statement then certainly had no effect. */
export function surelyRefused(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.severity === 'ERROR';
}
