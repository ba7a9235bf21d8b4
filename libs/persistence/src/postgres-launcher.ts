import { spawnSync } from 'node:child_process';
import { readdir, readlink, realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { AppError } from '@tollgate/kernel';

import { postgresBinaries } from './postgres-binaries.ts';

/** How the server's programs are run, and who its files must belong to (null: this process's own user). */
export type Launcher = {
  command(program: string, args: readonly string[]): readonly [command: string, ...args: string[]];
  readonly owner: { readonly uid: number; readonly gid: number } | null;
};

/** Debian's and everybody's `nobody`. */
const nobody = 65_534;

/** The kernel sends INT (PostgreSQL: fast shutdown) when the thread that started it ends, however it ends. */
const diesWithUs = '--pdeathsig=INT';

/**
 * PostgreSQL refuses to run as root. As root it runs as the data folder's owner, `nobody` when that is root; where this
 * user cannot reach the programs or the folder (a home of mode 0700), as root behind a user namespace that calls it
 * `nobody`.
 */
export async function launcherFor(dataDir: string): Promise<Launcher> {
  if (process.getuid?.() !== 0) {
    return { owner: null, command: (program, args) => ['setpriv', diesWithUs, '--', program, ...args] };
  }
  const { uid, gid } = await stat(dataDir);
  const owner = uid === 0 ? { uid: nobody, gid: nobody } : { uid, gid };
  const asOwner = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups', diesWithUs, '--'];
  const reaches = ['-c', 'test -x "$0" && cd "$1/.."', postgresBinaries().postgres, dataDir];
  if (spawnSync('setpriv', [...asOwner, '/bin/sh', ...reaches], { stdio: 'ignore' }).status === 0) {
    return { owner, command: (program, args) => ['setpriv', ...asOwner, program, ...args] };
  }
  const inside = ['--user', `--map-user=${nobody}`, `--map-group=${nobody}`, '--', 'setpriv', diesWithUs, '--'];
  if (spawnSync('unshare', [...inside, '/bin/true'], { stdio: 'ignore' }).status !== 0) {
    throw new AppError(
      'unavailable',
      'LOG_UNAVAILABLE',
      `PostgreSQL does not run as root, and ${dataDir} or the installed programs cannot be reached by another user: ` +
        'start as an ordinary user, choose another DATA_DIR, or set DATABASE_URL',
    );
  }
  return { owner: { uid: 0, gid: 0 }, command: (program, args) => ['unshare', ...inside, program, ...args] };
}

/** Makes a file or a folder with all it holds belong to the server's user. A repeat touches nothing. */
export async function giveTo(launcher: Launcher, path: string): Promise<void> {
  if (launcher.owner === null) return;
  const { uid, gid } = launcher.owner;
  if ((await stat(path)).uid === uid && uid !== 0) return;
  const { status } = spawnSync('chown', ['-R', `${uid}:${gid}`, '--', path], { stdio: 'ignore' });
  if (status !== 0) throw new AppError('unavailable', 'LOG_UNAVAILABLE', `cannot hand ${path} to the database's user`);
}

/**
 * Ends what an earlier server left running on this cluster and takes its lock file away. PostgreSQL itself would refuse
 * to start while such a process lives, or when another program has been given the same process number since.
 */
export async function endOrphans(cluster: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (let round = 0; ; round++) {
    const left = await serversIn(cluster);
    if (left.length === 0) break;
    // First politely; after ten seconds by force: what was committed is on disk either way.
    const signal = performance.now() > deadline - 10_000 ? 'SIGKILL' : 'SIGINT';
    if (round % 20 === 0) left.forEach((pid) => signalQuietly(pid, signal));
    if (performance.now() > deadline) {
      throw new AppError(
        'unavailable',
        'LOG_UNAVAILABLE',
        `another PostgreSQL (process ${left.join(', ')}) runs on ${cluster}`,
      );
    }
    await delay(50);
  }
  await rm(join(cluster, 'postmaster.pid'), { force: true });
}

/** Every process of a PostgreSQL server works in its cluster's folder. */
async function serversIn(cluster: string): Promise<readonly number[]> {
  const folder = await realpath(cluster).catch(() => null);
  if (folder === null) return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const here = await Promise.all(
    pids.map(async (pid) => {
      if ((await readlink(`/proc/${pid}/cwd`).catch(() => '')) !== folder) return false;
      const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
      return program.includes('/bin/postgres');
    }),
  );
  return pids.filter((_, index) => here[index]).map(Number);
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}
