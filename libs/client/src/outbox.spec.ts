import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { Events, Meter } from './events.ts';
import { Http } from './http.ts';
import type { Trouble } from './outbox.ts';
import { Outbox } from './outbox.ts';
import { SpoolFolder } from './spool.ts';
import { AnsweringServer } from './testing/answering-server.ts';
import { NotAccessibleError, TokenProcess } from './token-process.ts';

let server: AnsweringServer;
let folder: string;
let troubles: Trouble[];
const outboxes: Outbox[] = [];
beforeEach(async () => {
  server = await AnsweringServer.start();
  folder = await mkdtemp(join(tmpdir(), 'tollgate-spool-'));
  troubles = [];
});
afterEach(async () => {
  for (const outbox of outboxes.splice(0)) await outbox.close({ timeoutMs: 0 });
  await server.down().catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
});

const httpOf = (): Http => new Http({ baseUrl: server.url, apiKey: 'key', retryFirstMs: 5 });
const open = (options = {}): Outbox => {
  const outbox = new Outbox(httpOf(), {
    folder,
    firstMs: 20,
    maxMs: 100,
    onTrouble: (trouble) => troubles.push(trouble),
    ...options,
  });
  outboxes.push(outbox);
  return outbox;
};
const request = (id: string) => ({ id, path: '/v1/x', body: { id } });
const waitFor = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  for (const until = Date.now() + 10_000; !(await condition());) {
    if (Date.now() > until) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
const kept = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name.endsWith('.json'));
const idsAsked = () => server.asked.map(({ headers }) => headers['idempotency-key']);

describe('Usage on its way', () => {
  it('is delivered at once, and nothing is left on disk', async () => {
    server.answer = () => ({ status: 200, body: { fine: true } });
    expect(await open().deliver(request('one'), 1_000)).toEqual({ fine: true });
    expect(await kept()).toEqual([]);
  });

  // Guarantee: a failing end never blocks the result, and costs nobody a unit.
  it('waits on disk while the platform is away, and arrives once under its key when it is back', async () => {
    const outbox = open();
    await server.down();
    for (const id of ['a', 'b', 'c']) expect(await outbox.deliver(request(id), 1_000)).toBeNull();
    expect(await kept()).toHaveLength(3);
    expect(troubles.map(({ what }) => what)).toEqual(['delayed', 'delayed', 'delayed']);

    await server.up();

    await waitFor(async () => (await kept()).length === 0);
    expect([...new Set(idsAsked())].sort()).toEqual(['a', 'b', 'c']);
  });

  it('does not keep its caller waiting for a platform that hangs', async () => {
    server.answer = () => 'hang';
    const startedAt = performance.now();
    expect(await open().deliver(request('slow'), 50)).toBeNull();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(await kept()).toHaveLength(1);
  });

  it('is sent by the next run after a kill', async () => {
    await server.down();
    const program = `
      import { SpoolFolder } from ${JSON.stringify(new URL('../dist/spool.js', import.meta.url).href)};
      const spool = new SpoolFolder(${JSON.stringify(folder)});
      for (let n = 0; ; n++) { await spool.put({ id: 'killed-' + n, path: '/v1/x', body: { n } }); console.log(n); }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = '';
    child.stdout.on('data', (chunk: Buffer) => void (told += chunk.toString()));
    await waitFor(() => told.split('\n').length > 20);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const promised = told.trim().split('\n').length;
    await server.up();

    const outbox = open();
    outbox.start();

    await waitFor(async () => (await kept()).length === 0);
    // Each that was told to be kept; the one being written at the kill may be whole or not there.
    const delivered = new Set(idsAsked());
    for (let n = 0; n < promised - 1; n++) expect(delivered.has(`killed-${n}`)).toBe(true);
    expect(delivered.size).toBeLessThanOrEqual(promised + 1);
  });

  it('that the platform will never take is set aside with the reason, and can be tried again', async () => {
    server.answer = () => ({ status: 404, body: { success: false, status: 404, message: 'User wallet not found' } });
    const outbox = open();
    await expect(outbox.deliver(request('orphan'), 1_000)).rejects.toMatchObject({ name: 'NotFoundError' });
    expect(await kept()).toEqual([]);
    expect(troubles).toEqual([
      expect.objectContaining({ what: 'refused', message: 'orphan is refused: User wallet not found' }),
    ]);
    const names = await readdir(join(folder, 'refused'));
    expect(
      await readFile(
        join(
          folder,
          'refused',
          names.find((name) => name.endsWith('.reason'))!,
        ),
        'utf8',
      ),
    ).toBe('User wallet not found\n');

    server.answer = () => ({ status: 200, body: {} });
    expect(await outbox.retryRefused()).toBe(1);
    await waitFor(async () => (await kept()).length === 0);
    expect(idsAsked()).toEqual(['orphan', 'orphan']);
    expect(await readdir(join(folder, 'refused'))).toEqual([]);
  });

  it('is kept while credentials are wrong: somebody mends them', async () => {
    server.answer = (_, turn) =>
      turn < 3 ? { status: 401, body: { message: 'Invalid server API key' } } : { status: 200, body: {} };
    expect(await open().deliver(request('locked-out'), 1_000)).toBeNull();
    await waitFor(async () => (await kept()).length === 0);
    expect(idsAsked()).toEqual(['locked-out', 'locked-out', 'locked-out']);
  });

  it('that was damaged on disk is never sent, and does not hold up the rest', async () => {
    await server.down();
    const outbox = open();
    for (const id of ['sound', 'flipped', 'cut']) await outbox.deliver(request(id), 1_000);
    for (const name of await kept()) {
      const text = await readFile(join(folder, name), 'utf8');
      if (text.includes('flipped')) await writeFile(join(folder, name), text.replace('flipped', 'flappen'));
      if (text.includes('cut')) await writeFile(join(folder, name), text.slice(0, -10));
    }
    await writeFile(join(folder, 'half.json.unfinished'), 'never whole');
    await server.up();

    await waitFor(async () => (await kept()).length === 0);
    expect(new Set(idsAsked())).toEqual(new Set(['sound']));
    expect(await readdir(join(folder, 'damaged'))).toHaveLength(2);
    expect(troubles.filter(({ what }) => what === 'damaged')).toHaveLength(2);
  });

  it('is sent from memory when the disk will not take it, and refused when that fails too', async () => {
    const outbox = open({ entriesMax: 1 });
    server.answer = () => 'hang';
    await outbox.deliver(request('first'), 20);
    server.answer = () => ({ status: 200, body: { fine: true } });
    expect(await outbox.deliver(request('second'), 20)).toEqual({ fine: true });
    await server.down();
    await expect(outbox.deliver(request('third'), 20)).rejects.toMatchObject({ name: 'UnavailableError' });
    expect(troubles.map(({ what }) => what)).toContain('not_kept');
    await server.up();
  });

  // Guarantee: a key without the scope for one thing, or one request that the platform stumbles over, keeps nothing
  // else from being counted.
  it('that has to wait for its own reason holds up nothing behind it', async () => {
    await server.down();
    const outbox = open();
    for (let n = 0; n < 12; n++) await outbox.deliver(request(n < 10 ? `forbidden-${n}` : `allowed-${n}`), 1_000);
    server.answer = ({ headers }) => ({
      status: String(headers['idempotency-key']).startsWith('forbidden') ? 403 : 200,
      body: {},
    });
    await server.up();
    await waitFor(async () => (await kept()).length === 10);
    expect(idsAsked()).toEqual(expect.arrayContaining(['allowed-10', 'allowed-11']));
  });

  it('goes on when the hearer of its troubles throws', async () => {
    await server.down();
    const outbox = open({
      onTrouble: () => {
        throw new Error('the hearer is broken');
      },
    });
    expect(await outbox.deliver(request('unheard'), 1_000)).toBeNull();
    await writeFile(join(folder, '000000000-bad.json'), 'damaged');
    await server.up();
    await waitFor(async () => (await kept()).length === 0);
    expect(new Set(idsAsked())).toEqual(new Set(['unheard']));
  });

  it('leaves no half-written files of earlier crashes for ever', async () => {
    const [old, young] = [join(folder, 'old.json.unfinished'), join(folder, 'young.json.unfinished')];
    for (const file of [old, young]) await writeFile(file, 'never whole');
    const hoursAgo = new Date(Date.now() - 2 * 3_600_000);
    await utimes(old, hoursAgo, hoursAgo);
    await new SpoolFolder(folder).names();
    expect(await readdir(folder)).toEqual(['young.json.unfinished']);
  });

  it("that cannot be written as JSON is the caller's mistake, at once", async () => {
    await expect(open().deliver({ id: 'big', path: '/v1/x', body: { n: 1n } }, 1_000)).rejects.toBeInstanceOf(
      TypeError,
    );
    expect([server.asked.length, troubles]).toEqual([0, []]);
  });

  it('is bounded in bytes too', async () => {
    const spool = new SpoolFolder(folder, { bytesMax: 500 });
    await spool.put({ id: 'a', path: '/', body: 'x'.repeat(200) });
    await expect(spool.put({ id: 'b', path: '/', body: 'x'.repeat(200) })).rejects.toMatchObject({
      name: 'SpoolError',
    });
    expect(spool.size).toBe(1);
  });

  it('leaves in its order of arrival', async () => {
    await server.down();
    const outbox = open();
    for (let n = 0; n < 20; n++) await outbox.deliver(request(String(n)), 1_000);
    const spool = new SpoolFolder(folder);
    const ids = [];
    for (const name of await spool.names()) ids.push((await spool.read(name))!.id);
    expect(ids).toEqual(Array.from({ length: 20 }, (_, n) => String(n)));
    await server.up();
  });
});

describe('A wrapped service', () => {
  const started = (data: object) => ({
    status: 200,
    body: { success: true, message: '', data: { user_id: 'u', token: 5, status: 'accessible', ...data } },
  });
  const generate = async ({ prompt }: { user_id: string; prompt: string }) => ({
    text: prompt.toUpperCase(),
    input_token: 1,
    output_token: 4,
    model: 'm',
  });
  const wrapped = (service = generate) =>
    new TokenProcess(httpOf(), open()).wrap({ feature_endpoint_id: 'f', user_id: (args) => args[0].user_id }, service);

  it('is asked for before and booked after, with what it used', async () => {
    server.answer = () => started({ hold_id: 'h-1' });
    expect(await wrapped()({ user_id: 'u', prompt: 'hi' })).toMatchObject({ text: 'HI' });
    expect(server.asked.map(({ url, body }) => [url, body])).toEqual([
      ['/api/token-process/start', { user_id: 'u', feature_endpoint_id: 'f' }],
      [
        '/api/token-process/end',
        { user_id: 'u', feature_endpoint_id: 'f', input_token: 1, output_token: 4, model: 'm', hold_id: 'h-1' },
      ],
    ]);
  });

  it('is not called when the user may not go on', async () => {
    server.answer = () => started({ status: 'not-accessible', message: 'Package expired' });
    let called = false;
    const service = async (args: { user_id: string; prompt: string }) => {
      called = true;
      return generate(args);
    };
    await expect(wrapped(service)({ user_id: 'u', prompt: '' })).rejects.toThrow(NotAccessibleError);
    await expect(wrapped(service)({ user_id: 'u', prompt: '' })).rejects.toThrow('Package expired');
    expect(called).toBe(false);
  });

  it('gives its result although the end fails, and the end arrives later', async () => {
    let down = true;
    server.answer = ({ url }) => (url.endsWith('/end') && down ? { status: 503 } : started({}));
    expect(await wrapped()({ user_id: 'u', prompt: 'hi' })).toMatchObject({ text: 'HI' });
    expect(await kept()).toHaveLength(1);
    down = false;
    await waitFor(async () => (await kept()).length === 0);
    const ends = server.asked.filter(({ url }) => url.endsWith('/end'));
    expect(new Set(ends.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  });

  // Guarantee: neither a platform that hangs nor a disk that is full keeps a result from who waits for it.
  it('gives its result within moments although the end is neither kept nor answered', async () => {
    server.answer = ({ url }) => (url.endsWith('/end') ? 'hang' : started({}));
    const process = new TokenProcess(httpOf(), open({ entriesMax: 0 }));
    const startedAt = performance.now();
    expect(
      await process.wrap({ feature_endpoint_id: 'f', user_id: 'u' }, generate)({ user_id: 'u', prompt: 'hi' }),
    ).toMatchObject({ text: 'HI' });
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(troubles.map(({ what }) => what)).toEqual(['not_kept']);
    // The end is on its way still, from memory: the hanging try is cut, the next one arrives.
    await waitFor(() => server.asked.some(({ url }) => url.endsWith('/end')));
  });

  it('is booked as the document does it: what it leaves out, or says as null, is 0', async () => {
    server.answer = () => started({});
    const sparse = async () =>
      ({ input_token: null, output_token: 4, model: null }) as unknown as Awaited<ReturnType<typeof generate>>;
    await wrapped(sparse)({ user_id: 'u', prompt: '' });
    expect(server.asked.at(-1)?.body).toEqual({
      user_id: 'u',
      feature_endpoint_id: 'f',
      input_token: 0,
      output_token: 4,
    });
    const silent = async () => undefined as unknown as Awaited<ReturnType<typeof generate>>;
    expect(await wrapped(silent)({ user_id: 'u', prompt: '' })).toBeUndefined();
    expect(server.asked.filter(({ url }) => url.endsWith('/end'))).toHaveLength(1);
  });

  it('books nothing when it used nothing or failed', async () => {
    server.answer = () => started({});
    await wrapped(async () => ({ text: '', input_token: 0, output_token: 0, model: 'm' }))({
      user_id: 'u',
      prompt: '',
    });
    await expect(wrapped(() => Promise.reject(new Error('no model')))({ user_id: 'u', prompt: '' })).rejects.toThrow(
      'no model',
    );
    expect(server.asked.map(({ url }) => url)).toEqual(['/api/token-process/start', '/api/token-process/start']);
  });
});

describe('A meter', () => {
  // Guarantee: awaiting each record costs an answer each, not a pause.
  it('sends at once while nothing is under way, and what comes meanwhile with the next batch', async () => {
    const meter = new Meter(open(), { source: 'spec' });
    for (let n = 0; n < 5; n++) await meter.record({ subject: 'w', type: 'request' });
    expect(server.asked.map(({ body }) => (body as unknown[]).length)).toEqual([1, 1, 1, 1, 1]);

    server.asked.length = 0;
    await Promise.all(Array.from({ length: 100 }, () => meter.record({ subject: 'w', type: 'request' })));
    expect(server.asked.map(({ body }) => (body as unknown[]).length)).toEqual([100]);
  });

  it('sends events in batches, each with an identity that stays', async () => {
    server.answer = ({ body }) => ({
      status: 202,
      body: { accepted: (body as unknown[]).length, receipts: [], rejected: [] },
    });
    const meter = new Meter(open(), { source: 'spec', batchMax: 10, lingerMs: 5 });
    await Promise.all(
      Array.from({ length: 25 }, (_, n) => meter.record({ subject: 'w', type: 'request', data: { quantity: n } })),
    );
    const batches = server.asked.map(({ body }) => body as { id: string; source: string; specversion: string }[]);
    expect(batches.map((batch) => batch.length)).toEqual([10, 10, 5]);
    expect(new Set(batches.flat().map(({ id }) => id)).size).toBe(25);
    expect(batches.flat().every(({ source, specversion }) => source === 'spec' && specversion === '1.0')).toBe(true);
  });

  it('resolves once events are on disk, and tells of those that are refused one by one', async () => {
    const rejected: string[] = [];
    server.answer = () => ({
      status: 207,
      body: { accepted: 1, receipts: [], rejected: [{ index: 1, id: 'bad', code: 'TIME_OUT_OF_RANGE', detail: '' }] },
    });
    const meter = new Meter(open(), {
      onRejected: (event, { code }) => rejected.push(`${String(event['id'])} ${code}`),
    });
    void meter.record({ subject: 'w', type: 'request', id: 'good' });
    void meter.record({ subject: 'w', type: 'request', id: 'bad', time: '1999-01-01T00:00:00Z' });
    await meter.flush();
    expect(rejected).toEqual(['bad TIME_OUT_OF_RANGE']);

    await server.down();
    void meter.record({ subject: 'w', type: 'request', id: 'later' });
    await meter.flush();
    expect(await kept()).toHaveLength(1);
    await server.up();
  });
});

describe('Events', () => {
  it('are sent 1,000 at a time, and told apart by their places in the whole', async () => {
    server.answer = ({ body }) => {
      const events = body as readonly { readonly id: string }[];
      const bad = events.findIndex(({ id }) => id === 'bad');
      const rejected = bad < 0 ? [] : [{ index: bad, id: 'bad', code: 'EVENT_MALFORMED', detail: 'no' }];
      const receipts = events.filter(({ id }) => id !== 'bad').map(({ id }) => ({ id, partition: 1, offset: 1 }));
      return { status: bad < 0 ? 202 : 207, body: { accepted: receipts.length, receipts, rejected } };
    };
    const events = new Events(new Http({ baseUrl: server.url, apiKey: 'key' }), 'spec');
    const ids = Array.from({ length: 2_500 }, (_, n) => (n === 1_700 ? 'bad' : `e-${n}`));
    const all = await events.send(
      ids.map((id) => ({ subject: 'w', type: 'request', id })),
      { idempotencyKey: 'k' },
    );
    expect(server.asked.map(({ body }) => (body as unknown[]).length)).toEqual([1_000, 1_000, 500]);
    expect(new Set(server.asked.map(({ headers }) => headers['idempotency-key'])).size).toBe(3);
    expect([all.accepted, all.receipts.length]).toEqual([2_499, 2_499]);
    expect(all.rejected).toEqual([{ index: 1_700, id: 'bad', code: 'EVENT_MALFORMED', detail: 'no' }]);
  });
});
