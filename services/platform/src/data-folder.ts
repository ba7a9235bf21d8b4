import { once } from 'node:events';
import { accessSync, constants, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join, resolve } from 'node:path';

import { writeDurably } from './durable-file.ts';

/** The folder of an embedded platform, held by this process. */
export type DataFolder = {
  readonly path: string;
  /** Tells others where the platform is. */
  announce(address: string): void;
  release(): Promise<void>;
};

/** Somebody else holds the folder. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
}

/** The folder cannot be made or written by this user. */
export class FolderUnusable extends Error {
  override readonly name = 'FolderUnusable';
}

const announcement = 'running.json';

/**
 * Takes the folder for this process, making it when it is missing. The lock is a name in the kernel that ends with the
 * process, however it ends, so nothing is left behind by a kill.
 * @throws FolderInUse with one line that says by whom; FolderUnusable with one that says why.
 */
export async function takeDataFolder(folder: string): Promise<DataFolder> {
  const path = resolve(folder);
  makeWritable(path);
  const lock = await lockOf(path);
  if (lock === null) throw new FolderInUse(inUse(path));
  rmSync(join(path, announcement), { force: true });
  return {
    path,
    announce: (address) => writeDurably(join(path, announcement), JSON.stringify({ pid: process.pid, address })),
    release: async () => {
      rmSync(join(path, announcement), { force: true });
      lock.close();
      await once(lock, 'close');
    },
  };
}

/** Address of the platform that runs on a folder; null: none does, or it is still starting. */
export function runningPlatform(folder: string): { readonly pid: number; readonly address: string } | null {
  try {
    const said = JSON.parse(readFileSync(join(resolve(folder), announcement), 'utf8')) as {
      pid: number;
      address: string;
    };
    process.kill(said.pid, 0);
    return said;
  } catch {
    return null;
  }
}

function makeWritable(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
    accessSync(path, constants.W_OK | constants.X_OK);
    // Rights alone do not tell of a read-only file system or a full one.
    const probe = join(path, `.writable-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new FolderUnusable(
      `The data folder ${path} cannot be written (${code ?? String(error)}): make it writable, or set DATA_DIR ` +
        `to another folder.`,
    );
  }
}

function inUse(path: string): string {
  const running = runningPlatform(path);
  return running === null
    ? `The data folder ${path} is in use by another process that is starting or stopping.`
    : `The data folder ${path} is in use: a platform runs on it at ${running.address} (process ${running.pid}).`;
}

/** By device and inode, so that two spellings of one folder meet; null when it is taken. */
async function lockOf(path: string): Promise<Server | null> {
  const { dev, ino } = statSync(path);
  const server = createServer((socket) => socket.destroy());
  server.unref();
  server.listen({ path: `\0tollgate:${dev}:${ino}` });
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return null;
    throw error;
  }
}
