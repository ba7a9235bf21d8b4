import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { imageBytesMax } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import type { FileKind, ImageFiles } from '../../app/ports.ts';
import { isTaskId } from '../../domain/image.ts';

const kinds: readonly FileKind[] = ['original', 'optimized', 'webp'];
const oldMs = 3_600_000;

/**
 * Files named `<id>.<kind>` in a folder with mode 0700. A file that is being written ends in `.part`. Paths are built
 * from ids and kinds only.
 */
export async function imageFolder(folder: string): Promise<ImageFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = (id: string, kind: FileKind): string => {
    if (!isTaskId(id))
      throw new AppError('bug', 'INVARIANT_BROKEN', 'a path was requested for something that is not an id');
    return join(folder, `${id}.${kind}`);
  };
  const draft = (id: string, kind: FileKind): string => `${path(id, kind)}.part`;
  const size = async (id: string, kind: FileKind): Promise<number | null> =>
    (await found(stat(path(id, kind))))?.size ?? null;

  return {
    path,
    draft,
    size,
    receive: async (id, bytes) => {
      const part = draft(id, 'original');
      try {
        const spooled = await written(part, bytes);
        await rename(part, path(id, 'original'));
        await synced(folder);
        return spooled;
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
    },
    readAt: async (id, offset, length) => {
      const handle = await found(open(path(id, 'original')));
      if (handle === null) return new Uint8Array(0);
      try {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
        return buffer.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    },
    keep: async (id, kind) => {
      await synced(draft(id, kind));
      await rename(draft(id, kind), path(id, kind));
      await synced(folder);
      return (await size(id, kind)) ?? 0;
    },
    keepOriginal: async (id) => {
      await found(rename(path(id, 'original'), path(id, 'optimized')));
      await rm(draft(id, 'optimized'), { force: true });
      await synced(folder);
      return (await size(id, 'optimized')) ?? 0;
    },
    open: async (id, kind) => {
      const handle = await found(open(path(id, kind)));
      if (handle === null) return null;
      const { size: length } = await handle.stat();
      return { size: length, bytes: createReadStream('', { fd: handle }) };
    },
    remove: async (id, of = kinds) => {
      await Promise.all(
        of.flatMap((kind) => [path(id, kind), draft(id, kind)]).map((file) => rm(file, { force: true })),
      );
    },
    old: async () => {
      const names = await readdir(folder);
      const ids = new Set<string>();
      for (const name of names) {
        const id = name.slice(0, name.indexOf('.'));
        const about = isTaskId(id) && !ids.has(id) ? await found(stat(join(folder, name))) : null;
        if (about !== null && Date.now() - about.mtimeMs > oldMs) ids.add(id);
      }
      return [...ids];
    },
  };
}

/** Writes an upload durably. It is read to its end even if it is refused, so that the sender receives the answer. */
async function written(file: string, bytes: AsyncIterable<Uint8Array>) {
  const digest = createHash('sha256');
  const handle = await open(file, 'wx', 0o600);
  let size = 0;
  try {
    for await (const chunk of bytes) {
      size += chunk.length;
      if (size > imageBytesMax) continue;
      digest.update(chunk);
      await writeAll(handle, chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (size > imageBytesMax) throw new AppError('invalid', 'FILE_TOO_LARGE', 'The file is larger than 20 MB');
  return { size, sha256: digest.digest('hex') };
}

async function writeAll(handle: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  for (let from = 0; from < chunk.length;) from += (await handle.write(chunk, from)).bytesWritten;
}

async function synced(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** null: no such file. */
async function found<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
