import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { AppError } from '@tollgate/kernel';
import pg from 'pg';

import { postgresBinaries } from './postgres-binaries.ts';
import { endOrphans, giveTo, type Launcher, launcherFor } from './postgres-launcher.ts';

export type EmbeddedPostgresOptions = {
  /** Everything is kept below it: the cluster, its password, the log. Created when missing. */
  readonly dataDir: string;
  /** Default `<dataDir>/server.log`. */
  readonly logFile?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Server settings beside or instead of the defaults. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Default true. false is for tests only: a crash of the machine loses what was committed. */
  readonly fsync?: boolean;
};

export type EmbeddedPostgres = {
  /** The administrator's address, password included. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the server has ended, however that came about. */
  readonly ended: Promise<void>;
  /** Fast shutdown: connections are cut, everything committed is on disk. Ends within 8 s, by force if need be. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would do it. */
  kill(): Promise<void>;
};

const database = 'tollgate';
const startTimeoutMs = 60_000;

/**
 * Little memory at rest, no feature that waits: one machine, one application, no replicas (so no WAL beyond crash
 * safety).
 */
const settingsDefault: Readonly<Record<string, string | number>> = {
  shared_buffers: '64MB',
  max_connections: 80,
  wal_level: 'minimal',
  max_wal_senders: 0,
  max_wal_size: '1GB',
  wal_buffers: '8MB',
  io_method: 'sync',
  autovacuum_max_workers: 2,
  max_parallel_workers_per_gather: 0,
  max_logical_replication_workers: 0,
  jit: 'off',
  huge_pages: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] %u ',
  log_checkpoints: 'off',
};

/**
 * Starts PostgreSQL from the npm package on a loopback port, with a password kept in the data folder (mode 0600). The
 * cluster is made once (UTF-8, locale C). The server ends when this process ends, even by SIGKILL; what an earlier one
 * left behind (a server, a lock file) is cleared away, so the caller must hold a lock on the data folder. Works as root
 * (then the server runs as the folder's owner or `nobody`) and as an ordinary user.
 * @throws AppError('unavailable', LOG_UNAVAILABLE) with the end of the server's log when it does not come up.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const cluster = join(dataDir, 'cluster');
  const logFile = options.logFile ?? join(dataDir, 'server.log');
  await mkdir(dataDir, { recursive: true });
  const launcher = await launcherFor(dataDir);
  await endOrphans(cluster);
  await giveTo(launcher, dataDir);
  await chmod(dataDir, 0o700);
  const fresh = !existsSync(join(cluster, 'PG_VERSION'));
  const password = await passwordOf(dataDir, launcher, fresh);
  if (fresh) await makeCluster({ dataDir, cluster, logFile, launcher, fsync: options.fsync !== false });

  const port = options.port ?? (await freePort());
  const child = launch(launcher, cluster, logFile, serverSettings(options, port));
  const ended = once(child, 'exit').then(() => undefined);
  const url = `postgres://postgres:${password}@127.0.0.1:${port}`;
  await ready(`${url}/postgres`, child, logFile);
  await createDatabase(`${url}/postgres`);
  return { url: `${url}/${database}`, port, pid: child.pid ?? 0, ended, ...endings(child, ended) };
}

/** The address of the server that runs on a data folder, or null: for tools beside a running platform. */
export async function runningEmbeddedPostgres(dataDir: string): Promise<string | null> {
  try {
    const lines = (await readFile(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(lines[0]), 0);
    const password = (await readFile(join(dataDir, 'password'), 'utf8')).trim();
    return `postgres://postgres:${password}@127.0.0.1:${lines[3]}/${database}`;
  } catch {
    return null;
  }
}

function serverSettings(options: EmbeddedPostgresOptions, port: number): Readonly<Record<string, string | number>> {
  const unsafe: Record<string, string> =
    options.fsync === false ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {};
  const address = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port };
  return { ...settingsDefault, ...unsafe, ...options.settings, ...address };
}

function launch(
  launcher: Launcher,
  cluster: string,
  logFile: string,
  settings: Readonly<Record<string, string | number>>,
): ChildProcess {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openSync(logFile, 'a', 0o600);
  try {
    const [command, ...args] = launcher.command(postgresBinaries().postgres, ['-D', cluster, ...flags]);
    // A session of its own: Ctrl-C in a terminal reaches us alone, and we stop the server when everything is drained.
    return spawn(command, args, { stdio: ['ignore', log, log], detached: true, cwd: '/', env: serverEnvironment() });
  } finally {
    closeSync(log);
  }
}

/** Nothing of ours, above all no secret and no PG* variable, reaches the server. */
const serverEnvironment = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' });

function endings(child: ChildProcess, ended: Promise<void>): Pick<EmbeddedPostgres, 'stop' | 'kill'> {
  const end = async (signals: readonly (readonly [NodeJS.Signals, waitMs: number])[]): Promise<void> => {
    for (const [signal, waitMs] of signals) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      const timer = new AbortController();
      await Promise.race([ended, delay(waitMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
      timer.abort();
    }
    await ended;
  };
  return {
    // INT is a fast, QUIT an immediate shutdown; both keep everything that was committed.
    stop: () =>
      end([
        ['SIGINT', 5_000],
        ['SIGQUIT', 2_000],
        ['SIGKILL', 1_000],
      ]),
    kill: () => end([['SIGKILL', 5_000]]),
  };
}

async function passwordOf(dataDir: string, launcher: Launcher, fresh: boolean): Promise<string> {
  const file = join(dataDir, 'password');
  if (fresh) {
    await writeFile(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
    await giveTo(launcher, file);
  }
  return (await readFile(file, 'utf8')).trim();
}

async function makeCluster(make: {
  readonly dataDir: string;
  readonly cluster: string;
  readonly logFile: string;
  readonly launcher: Launcher;
  readonly fsync: boolean;
}): Promise<void> {
  // Made beside and renamed, so that a crash in the middle never leaves half a cluster in place.
  const unfinished = `${make.cluster}.new`;
  await rm(unfinished, { recursive: true, force: true });
  const args = ['-D', unfinished, '--username=postgres', '--encoding=UTF8', '--locale=C', '--auth=scram-sha-256'];
  args.push(`--pwfile=${join(make.dataDir, 'password')}`, ...(make.fsync ? [] : ['--no-sync']));
  const [command, ...rest] = make.launcher.command(postgresBinaries().initdb, args);
  const log = openSync(make.logFile, 'a', 0o600);
  const child = spawn(command, rest, { stdio: ['ignore', log, log], cwd: '/', env: serverEnvironment() });
  closeSync(log);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw notUp(`initdb ended with ${String(code)}`, make.logFile);
  await rename(unfinished, make.cluster);
}

async function ready(url: string, child: ChildProcess, logFile: string): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw notUp('PostgreSQL ended while starting', logFile);
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => undefined);
      const refusedForGood = error instanceof pg.DatabaseError && error.code !== '57P03';
      if (refusedForGood || performance.now() > deadline) {
        child.kill('SIGQUIT');
        throw notUp(`PostgreSQL does not answer: ${String(error)}`, logFile);
      }
    }
    await delay(20);
  }
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (rowCount === 0) await client.query(`create database ${database} template template0`);
  } finally {
    await client.end();
  }
}

function notUp(what: string, logFile: string): AppError {
  const tail = existsSync(logFile) ? readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-5).join('\n') : '';
  return new AppError('unavailable', 'LOG_UNAVAILABLE', `${what}\n${tail}`.trimEnd());
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
