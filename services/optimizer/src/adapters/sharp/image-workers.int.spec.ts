import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

import { afterAll, describe, expect, it } from '@jest/globals';

import { imageWorkers } from './image-workers.ts';

const folder = mkdtempSync(join(tmpdir(), 'tollgate-images-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
};
/** A grey PNG of `size` × `size`, in one pass or in seven (Adam7). */
function pngFile(name: string, size: number, interlaced = false): string {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 0, 0, 0, interlaced ? 1 : 0], 8);
  const passes = interlaced
    ? [
        [0, 0, 8, 8],
        [4, 0, 8, 8],
        [0, 4, 4, 8],
        [2, 0, 4, 4],
        [0, 2, 2, 4],
        [1, 0, 2, 2],
        [0, 1, 1, 2],
      ]
    : [[0, 0, 1, 1]];
  const bytes = passes.reduce(
    (sum, [x = 0, y = 0, dx = 1, dy = 1]) => sum + Math.ceil((size - y) / dy) * (1 + Math.ceil((size - x) / dx)),
    0,
  );
  const path = join(folder, name);
  writeFileSync(
    path,
    Buffer.concat([
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      chunk('IHDR', header),
      chunk('IDAT', deflateSync(Buffer.alloc(bytes))),
      chunk('IEND', Buffer.alloc(0)),
    ]),
  );
  return path;
}
/** Processes below this one that run the worker. */
const children = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const parent = / \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/, ''))?.[1];
        return Number(parent) === process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('worker.ts');
      } catch {
        return false;
      }
    });

describe('images', () => {
  it('are decoded in a process without our secrets, which is the first to end when memory gets short', async () => {
    process.env['SPEC_SECRET'] = 'a secret of this process';
    const images = imageWorkers(1);
    try {
      await images.inspect(pngFile('small.png', 64), 'png');
      const [pid] = children();
      expect(pid).toBeGreaterThan(0);
      expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('a secret of this process');
      expect(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim()).toBe('1000');
      expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max data size\s+\d+\s+\d+\s+bytes/);
    } finally {
      await images.close();
      delete process.env['SPEC_SECRET'];
    }
    expect(children()).toEqual([]);
  });

  // Guarantee: an image costs its own process at most; the ledger's goes on.
  it('that need more memory than they may are refused, and the next one is taken', async () => {
    const images = imageWorkers(1, 50);
    try {
      const before = process.memoryUsage().rss;
      await expect(images.inspect(pngFile('large.png', 9_900, true), 'png')).rejects.toMatchObject({
        code: 'FILE_INVALID',
      });
      await images.inspect(pngFile('next.png', 500), 'png');
      expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
    } finally {
      await images.close();
    }
  });

  it('that take their process with them are refused, and the next one is taken', async () => {
    const images = imageWorkers(1);
    try {
      const running = images.inspect(pngFile('held.png', 9_900, true), 'png');
      const killed = (async () => {
        for (;;) {
          const [pid] = children();
          if (pid !== undefined) return process.kill(pid, 'SIGKILL');
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })();
      await expect(running).rejects.toMatchObject({ code: 'FILE_INVALID' });
      expect(await killed).toBe(true);
      await images.inspect(pngFile('after.png', 64), 'png');
    } finally {
      await images.close();
    }
  });
});
