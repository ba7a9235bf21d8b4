import { readdir, readlink } from 'node:fs/promises';

/** Processes that work in a folder or below it: PostgreSQL's all do in their cluster. */
export async function processesIn(folder: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) =>
      (await readlink(`/proc/${pid}/cwd`).catch(() => '')).startsWith(folder) ? Number(pid) : 0,
    ),
  );
  return found.filter((pid) => pid !== 0);
}
