import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { OutboxHarness, waitFor } from './testing/outbox-harness.ts';
import { NotAccessibleError, TokenProcess } from './token-process.ts';

let on: OutboxHarness;
beforeEach(async () => {
  on = await OutboxHarness.start();
});
afterEach(() => on.stop());

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
    new TokenProcess(on.http(), on.open()).wrap(
      { feature_endpoint_id: 'f', user_id: (args) => args[0].user_id },
      service,
    );

  it('is asked for before and booked after, with what it used', async () => {
    on.server.answer = () => started({ hold_id: 'h-1' });
    expect(await wrapped()({ user_id: 'u', prompt: 'hi' })).toMatchObject({ text: 'HI' });
    expect(on.server.asked.map(({ url, body }) => [url, body])).toEqual([
      ['/api/token-process/start', { user_id: 'u', feature_endpoint_id: 'f' }],
      [
        '/api/token-process/end',
        { user_id: 'u', feature_endpoint_id: 'f', input_token: 1, output_token: 4, model: 'm', hold_id: 'h-1' },
      ],
    ]);
  });

  it('is not called when the user may not go on', async () => {
    on.server.answer = () => started({ status: 'not-accessible', message: 'Package expired' });
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
    on.server.answer = ({ url }) => (url.endsWith('/end') && down ? { status: 503 } : started({}));
    expect(await wrapped()({ user_id: 'u', prompt: 'hi' })).toMatchObject({ text: 'HI' });
    expect(await on.kept()).toHaveLength(1);
    down = false;
    await waitFor('an empty folder', async () => (await on.kept()).length === 0);
    const ends = on.server.asked.filter(({ url }) => url.endsWith('/end'));
    expect(new Set(ends.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  });

  // Guarantee: neither a platform that hangs nor a disk that is full keeps a result from who waits for it.
  it('gives its result within moments although the end is neither kept nor answered', async () => {
    on.server.answer = ({ url }) => (url.endsWith('/end') ? 'hang' : started({}));
    const process = new TokenProcess(on.http(), on.open({ entriesMax: 0 }));
    const startedAt = performance.now();
    expect(
      await process.wrap({ feature_endpoint_id: 'f', user_id: 'u' }, generate)({ user_id: 'u', prompt: 'hi' }),
    ).toMatchObject({ text: 'HI' });
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(on.troubles.map(({ what }) => what)).toEqual(['not_kept']);
    // The end is on its way still, from memory: the hanging try is cut, the next one arrives.
    await waitFor('the end', () => on.server.asked.some(({ url }) => url.endsWith('/end')));
  });

  it('is booked as the document does it: what it leaves out, or says as null, is 0', async () => {
    on.server.answer = () => started({});
    const sparse = async () =>
      ({ input_token: null, output_token: 4, model: null }) as unknown as Awaited<ReturnType<typeof generate>>;
    await wrapped(sparse)({ user_id: 'u', prompt: '' });
    expect(on.server.asked.at(-1)?.body).toEqual({
      user_id: 'u',
      feature_endpoint_id: 'f',
      input_token: 0,
      output_token: 4,
    });
    const silent = async () => undefined as unknown as Awaited<ReturnType<typeof generate>>;
    expect(await wrapped(silent)({ user_id: 'u', prompt: '' })).toBeUndefined();
    expect(on.server.asked.filter(({ url }) => url.endsWith('/end'))).toHaveLength(1);
  });

  it('books nothing when it used nothing or failed', async () => {
    on.server.answer = () => started({});
    await wrapped(async () => ({ text: '', input_token: 0, output_token: 0, model: 'm' }))({
      user_id: 'u',
      prompt: '',
    });
    await expect(wrapped(() => Promise.reject(new Error('no model')))({ user_id: 'u', prompt: '' })).rejects.toThrow(
      'no model',
    );
    expect(on.server.asked.map(({ url }) => url)).toEqual(['/api/token-process/start', '/api/token-process/start']);
  });
});
