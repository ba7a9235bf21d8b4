// From starting the command to the first booked spend, on a new data folder; then the memory of the whole process tree
// at rest.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { startEmbedded } from './platform.mjs';

const restMs = 5_000;

export async function benchStart() {
  const from = performance.now();
  const platform = await startEmbedded();
  try {
    await platform.call('POST', '/v1/accounts/demo/spend', { amount: '1' });
    const startSeconds = (performance.now() - from) / 1000;
    await delay(restMs);
    return { startSeconds, restMegabytes: memoryOf(platform.pid) };
  } finally {
    await platform.stop();
    platform.remove();
  }
}

/** Proportional set size of a process and everything below it, in MB (10^6 bytes). */
function memoryOf(root) {
  const parents = new Map();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It ended while we looked.
    }
  }
  const below = (pid) => pid === root || (parents.has(pid) && parents.get(pid) > 1 && below(parents.get(pid)));
  let kilobytes = 0;
  for (const pid of parents.keys()) {
    if (!below(pid)) continue;
    try {
      kilobytes += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      // Not ours to read, or gone.
    }
  }
  return (kilobytes * 1024) / 1e6;
}
