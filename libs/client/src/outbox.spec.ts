import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { SpoolFolder } from './spool.ts';
import { OutboxHarness, waitFor } from './testing/outbox-harness.ts';

let on: OutboxHarness;
beforeEach(async () => {
  on = await OutboxHarness.start();
});
afterEach(() => on.stop());

const request = (id: string) => ({ id, path: '/v1/x', body: { id } });
const idsAsked = () => on.server.asked.map(({ headers }) => headers['idempotency-key']);

describe('Usage on its way', () => {
  it('is delivered at once, and nothing is left on disk', async () => {
    on.server.answer = () => ({ status: 200, body: { fine: true } });
    expect(await on.open().deliver(request('one'), 1_000)).toEqual({ fine: true });
    expect(await on.kept()).toEqual([]);
  });

  // Guarantee: a failing end never blocks the result, and costs nobody a unit.
  it('waits on disk while the platform is away, and arrives once under its key when it is back', async () => {
    const outbox = on.open();
    await on.server.down();
    for (const id of ['a', 'b', 'c']) expect(await outbox.deliver(request(id), 1_000)).toBeNull();
    expect(await on.kept()).toHaveLength(3);
    expect(on.troubles.map(({ what }) => what)).toEqual(['delayed', 'delayed', 'delayed']);

    await on.server.up();

    await waitFor('an empty folder', async () => (await on.kept()).length === 0);
    expect([...new Set(idsAsked())].sort()).toEqual(['a', 'b', 'c']);
  });

  it('does not keep its caller waiting for a platform that hangs', async () => {
    on.server.answer = () => 'hang';
    const startedAt = performance.now();
    expect(await on.open().deliver(request('slow'), 50)).toBeNull();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(await on.kept()).toHaveLength(1);
  });

  it('is sent by the next run after a kill', async () => {
    await on.server.down();
    const program = `
      import { SpoolFolder } from ${JSON.stringify(new URL('../dist/spool.js', import.meta.url).href)};
      const spool = new SpoolFolder(${JSON.stringify(on.folder)});
      for (let n = 0; ; n++) { await spool.put({ id: 'killed-' + n, path: '/v1/x', body: { n } }); console.log(n); }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = '';
    child.stdout.on('data', (chunk: Buffer) => void (told += chunk.toString()));
    await waitFor('twenty lines', () => told.split('\n').length > 20);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const promised = told.trim().split('\n').length;
    await on.server.up();

    const outbox = on.open();
    outbox.start();

    await waitFor('an empty folder', async () => (await on.kept()).length === 0);
    // Each that was told to be kept; the one being written at the kill may be whole or not there.
    const delivered = new Set(idsAsked());
    for (let n = 0; n < promised - 1; n++) expect(delivered.has(`killed-${n}`)).toBe(true);
    expect(delivered.size).toBeLessThanOrEqual(promised + 1);
  });

  it('that the platform will never take is set aside with the reason, and can be tried again', async () => {
    on.server.answer = () => ({ status: 404, body: { success: false, status: 404, message: 'User wallet not found' } });
    const outbox = on.open();
    await expect(outbox.deliver(request('orphan'), 1_000)).rejects.toMatchObject({ name: 'NotFoundError' });
    expect(await on.kept()).toEqual([]);
    expect(on.troubles).toEqual([
      expect.objectContaining({ what: 'refused', message: 'orphan is refused: User wallet not found' }),
    ]);
    const names = await readdir(join(on.folder, 'refused'));
    expect(
      await readFile(
        join(
          on.folder,
          'refused',
          names.find((name) => name.endsWith('.reason'))!,
        ),
        'utf8',
      ),
    ).toBe('User wallet not found\n');

    on.server.answer = () => ({ status: 200, body: {} });
    expect(await outbox.retryRefused()).toBe(1);
    await waitFor('an empty folder', async () => (await on.kept()).length === 0);
    expect(idsAsked()).toEqual(['orphan', 'orphan']);
    expect(await readdir(join(on.folder, 'refused'))).toEqual([]);
  });

  it('is kept while credentials are wrong: somebody mends them', async () => {
    on.server.answer = (_, turn) =>
      turn < 3 ? { status: 401, body: { message: 'Invalid server API key' } } : { status: 200, body: {} };
    expect(await on.open().deliver(request('locked-out'), 1_000)).toBeNull();
    await waitFor('an empty folder', async () => (await on.kept()).length === 0);
    expect(idsAsked()).toEqual(['locked-out', 'locked-out', 'locked-out']);
  });

  it('that was damaged on disk is never sent, and does not hold up the rest', async () => {
    await on.server.down();
    const outbox = on.open();
    for (const id of ['sound', 'flipped', 'cut']) await outbox.deliver(request(id), 1_000);
    for (const name of await on.kept()) {
      const text = await readFile(join(on.folder, name), 'utf8');
      if (text.includes('flipped')) await writeFile(join(on.folder, name), text.replace('flipped', 'flappen'));
      if (text.includes('cut')) await writeFile(join(on.folder, name), text.slice(0, -10));
    }
    await writeFile(join(on.folder, 'half.json.unfinished'), 'never whole');
    await on.server.up();

    await waitFor('an empty folder', async () => (await on.kept()).length === 0);
    expect(new Set(idsAsked())).toEqual(new Set(['sound']));
    expect(await readdir(join(on.folder, 'damaged'))).toHaveLength(2);
    expect(on.troubles.filter(({ what }) => what === 'damaged')).toHaveLength(2);
  });

  it('is sent from memory when the disk will not take it, and refused when that fails too', async () => {
    const outbox = on.open({ entriesMax: 1 });
    on.server.answer = () => 'hang';
    await outbox.deliver(request('first'), 20);
    on.server.answer = () => ({ status: 200, body: { fine: true } });
    expect(await outbox.deliver(request('second'), 20)).toEqual({ fine: true });
    await on.server.down();
    await expect(outbox.deliver(request('third'), 20)).rejects.toMatchObject({ name: 'UnavailableError' });
    expect(on.troubles.map(({ what }) => what)).toContain('not_kept');
    await on.server.up();
  });

  // Guarantee: a key without the scope for one thing, or one request that the platform stumbles over, keeps nothing
  // else from being counted.
  it('that has to wait for its own reason holds up nothing behind it', async () => {
    await on.server.down();
    const outbox = on.open();
    for (let n = 0; n < 12; n++) await outbox.deliver(request(n < 10 ? `forbidden-${n}` : `allowed-${n}`), 1_000);
    on.server.answer = ({ headers }) => ({
      status: String(headers['idempotency-key']).startsWith('forbidden') ? 403 : 200,
      body: {},
    });
    await on.server.up();
    await waitFor('ten files', async () => (await on.kept()).length === 10);
    expect(idsAsked()).toEqual(expect.arrayContaining(['allowed-10', 'allowed-11']));
  });

  it('goes on when the hearer of its on.troubles throws', async () => {
    await on.server.down();
    const outbox = on.open({
      onTrouble: () => {
        throw new Error('the hearer is broken');
      },
    });
    expect(await outbox.deliver(request('unheard'), 1_000)).toBeNull();
    await writeFile(join(on.folder, '000000000-bad.json'), 'damaged');
    await on.server.up();
    await waitFor('an empty folder', async () => (await on.kept()).length === 0);
    expect(new Set(idsAsked())).toEqual(new Set(['unheard']));
  });

  it('leaves no half-written files of earlier crashes for ever', async () => {
    const [old, young] = [join(on.folder, 'old.json.unfinished'), join(on.folder, 'young.json.unfinished')];
    for (const file of [old, young]) await writeFile(file, 'never whole');
    const hoursAgo = new Date(Date.now() - 2 * 3_600_000);
    await utimes(old, hoursAgo, hoursAgo);
    await new SpoolFolder(on.folder).names();
    expect(await readdir(on.folder)).toEqual(['young.json.unfinished']);
  });

  it("that cannot be written as JSON is the caller's mistake, at once", async () => {
    await expect(on.open().deliver({ id: 'big', path: '/v1/x', body: { n: 1n } }, 1_000)).rejects.toBeInstanceOf(
      TypeError,
    );
    expect([on.server.asked.length, on.troubles]).toEqual([0, []]);
  });

  it('is bounded in bytes too', async () => {
    const spool = new SpoolFolder(on.folder, { bytesMax: 500 });
    await spool.put({ id: 'a', path: '/', body: 'x'.repeat(200) });
    await expect(spool.put({ id: 'b', path: '/', body: 'x'.repeat(200) })).rejects.toMatchObject({
      name: 'SpoolError',
    });
    expect(spool.size).toBe(1);
  });

  it('leaves in its order of arrival', async () => {
    await on.server.down();
    const outbox = on.open();
    for (let n = 0; n < 20; n++) await outbox.deliver(request(String(n)), 1_000);
    const spool = new SpoolFolder(on.folder);
    const ids = [];
    for (const name of await spool.names()) ids.push((await spool.read(name))!.id);
    expect(ids).toEqual(Array.from({ length: 20 }, (_, n) => String(n)));
    await on.server.up();
  });
});
