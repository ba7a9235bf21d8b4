import { createHash, randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';

import { beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { Client, Reply } from './harness/client.ts';
import { animatedGif, bomb, png, pngOf } from './harness/images.ts';
import type { Platform } from './harness/platform.ts';
import type { QuotaProvider } from './harness/quota-provider.ts';

/** An optimize surface under test, and what its operator sees of the files. */
export type OptimizeSubject = {
  readonly platform: Platform;
  readonly provider: QuotaProvider;
  files(): Promise<readonly string[]>;
  /** SIGKILL of the process that works on images, and its start. */
  restartOptimizer(): Promise<void>;
};

type Task = {
  readonly task_id: string;
  readonly quota_info: Readonly<Record<string, unknown>>;
  readonly original_file: { readonly name: string; readonly size: number };
};
type Answer = Reply<{
  readonly success: boolean;
  readonly data: Task;
  readonly code?: string;
  readonly error?: string;
  readonly quota_info?: object;
  readonly message?: string;
}>;
type Send = {
  readonly file?: Buffer | undefined;
  readonly name?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
};

const mebibyte = 1_048_576;
const surface = '/api/optimize';
const accountOf = (token: string): string => `quota:${createHash('sha256').update(token).digest('hex').slice(0, 32)}`;

async function submit(
  anybody: Client,
  token: string | null,
  { file = png(), name = 'image.png', fields = {}, headers = {} }: Send = {},
): Promise<Answer> {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.set(field, value);
  form.set('file', new Blob([new Uint8Array(file)], { type: 'image/png' }), name);
  const encoded = new Response(form);
  const contentType = encoded.headers.get('content-type') ?? '';
  const body = new Uint8Array(await encoded.arrayBuffer());
  return anybody.raw(`${surface}/submit`, body, {
    'content-type': contentType,
    ...(token === null ? {} : { 'x-token': token }),
    ...headers,
  });
}

async function finished(client: Client, id: string): Promise<Readonly<Record<string, unknown>>> {
  return waitFor(
    `the task ${id}`,
    async () => {
      const { body } = await client.get<{ data: Record<string, unknown> }>(`${surface}/status/${id}`);
      return body.data['status'] === 'pending' ? undefined : body.data;
    },
    30_000,
  );
}

/** The remote-quota surface (surfaces §3) from outside, with a real provider. */
export function optimizesImages(subject: () => OptimizeSubject): void {
  describe('images', () => {
    let anybody: Client;
    let provider: QuotaProvider;
    const newToken = (quotaMb?: number): string => {
      const token = `customer-${randomUUID()}`;
      if (quotaMb !== undefined) provider.gives(token, quotaMb);
      return token;
    };
    const as = (token: string): Client => anybody.with({ 'x-token': token });
    const quotaOf = async (token: string) =>
      (await as(token).get<{ data: Record<string, unknown> }>(`${surface}/quota`)).body.data;
    const account = async (token: string) =>
      (await subject().platform.server.get(`/v1/accounts/${encodeURIComponent(accountOf(token))}`)).body;
    beforeAll(() => {
      anybody = subject().platform.anybody;
      ({ provider } = subject());
    });

    it('are taken, charged, optimised and given back, as the document shows', async () => {
      const token = newToken(1000);
      expect(await quotaOf(token)).toEqual({
        token,
        quota_mb: 1000,
        used_mb: 0,
        remaining_mb: 1000,
        last_used_at: null,
        last_quota_check: expect.any(String),
      });
      const { status, body } = await submit(anybody, token, {
        file: pngOf(mebibyte),
        name: 'großes Bild.png',
        fields: { generate_webp: 'true', quality: '60' },
      });
      expect([status, body]).toEqual([
        202,
        {
          success: true,
          data: {
            task_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
            status: 'pending',
            original_file: { name: 'großes Bild.png', size: mebibyte },
            quota_info: { used_mb: 1, remaining_mb: 999, limit_mb: 1000, last_updated: expect.any(String) },
          },
        },
      ]);
      expect(await account(token)).toMatchObject({
        kind: 'quota',
        unit: 'byte',
        used: String(mebibyte),
        available: String(999 * mebibyte),
      });

      const id = body.data.task_id;
      expect(await finished(as(token), id)).toMatchObject({
        task_id: id,
        status: 'completed',
        original_file: { size: mebibyte },
        webp_file: { format: 'webp' },
      });
      for (const [path, type, magic] of [
        ['', 'image/png', '\x89PNG'],
        ['/webp', 'image/webp', 'RIFF'],
      ] as const) {
        const response = await fetch(`${anybody.url}${surface}/download/${id}${path}`, {
          headers: { 'x-token': token },
        });
        const bytes = Buffer.from(await response.arrayBuffer());
        expect([response.status, response.headers.get('content-type'), bytes.toString('latin1', 0, 4)]).toEqual([
          200,
          type,
          magic,
        ]);
        expect(response.headers.get('content-length')).toBe(String(bytes.length));
        expect(bytes.length).toBeLessThan(mebibyte);
      }
      const [view] = await subject().platform.rows<Record<string, unknown>>(
        'select * from public.license_quotas where token_hash = $1',
        [createHash('sha256').update(token).digest('hex')],
      );
      expect(view).toMatchObject({
        quota_mb: '1000.00',
        used_mb: '1.00',
        remaining_mb: '999.00',
        valid: true,
        last_used_at: expect.any(Date),
      });
    });

    it('may move, and move still when they come back', async () => {
      const token = newToken(10);
      const { body } = await submit(anybody, token, { file: animatedGif(), name: 'a.gif' });
      expect(await finished(as(token), body.data.task_id)).toMatchObject({
        status: 'completed',
        optimized_file: { format: 'gif' },
        webp_file: null,
      });
      const response = await fetch(`${anybody.url}${surface}/download/${body.data.task_id}?token=${token}`);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(bytes.toString('latin1', 0, 6)).toBe('GIF89a');
      // Each frame has a graphic control extension.
      expect(bytes.toString('hex').split('21f904').length - 1).toBe(2);
      expect(
        await (await fetch(`${anybody.url}${surface}/download/${body.data.task_id}/webp?token=${token}`)).json(),
      ).toEqual({ success: false, message: expect.any(String) });
    });

    // Guarantee: a made-up token, or one without quota for an image, leaves no account in the books.
    it('open the account of their token when the first of them is paid, not before', async () => {
      const token = newToken(0.01);
      const state = async (): Promise<number> =>
        (await subject().platform.server.get(`/v1/accounts/${encodeURIComponent(accountOf(token))}`)).status;
      await quotaOf(token);
      await as(token).post(`${surface}/refresh-quota`, {});
      expect(await submit(anybody, token, { file: pngOf(20_000) })).toMatchObject({
        status: 429,
        body: {
          code: 'QUOTA_EXCEEDED',
          quota_info: { limit_mb: 0.01, used_mb: 0, remaining_mb: 0.01, requested_mb: 0.02 },
        },
      });
      expect((await submit(anybody, token, { file: Buffer.from('no image at all') })).status).toBe(422);
      expect(await state()).toBe(404);
      expect((await submit(anybody, token)).status).toBe(202);
      expect(await state()).toBe(200);
    });

    it('are paid from the header, else from a field, else from the query', async () => {
      const [header, field, query] = [newToken(10), newToken(10), newToken(10)];
      expect((await submit(anybody, header, { fields: { token: field } })).status).toBe(202);
      expect((await submit(anybody, null, { fields: { token: field } })).status).toBe(202);
      expect((await anybody.get(`${surface}/quota?token=${query}`)).body).toMatchObject({ data: { token: query } });
      expect((await anybody.post(`${surface}/refresh-quota`, { token: query })).body).toMatchObject({
        data: { token: query, subscription_type: 'premium' },
      });
      expect([(await account(header))['used'], (await account(field))['used']]).toEqual(['1024', '1024']);
    });

    it('belong to their token: for another one they are not there', async () => {
      const token = newToken(10);
      const { body } = await submit(anybody, token);
      for (const path of ['status', 'download']) {
        const other = await as(newToken(10)).get(`${surface}/${path}/${body.data.task_id}`);
        expect([other.status, other.body]).toEqual([404, { success: false, message: 'Task not found' }]);
      }
      for (const id of [randomUUID(), 'x', '..%2f..%2fetc%2fpasswd', '%00', 'a'.repeat(500)]) {
        const missing = await as(token).get(`${surface}/status/${id}`);
        expect([missing.status, missing.body]).toEqual([404, { success: false, message: 'Task not found' }]);
      }
    });

    // Guarantee: racing uploads never spend a byte twice, and an exact fit is allowed.
    it('that race for the last bytes are taken as far as these go, exactly', async () => {
      const token = newToken(0.02);
      await quotaOf(token);
      const file = pngOf(2_000);
      const answers = await Promise.all(Array.from({ length: 64 }, () => submit(anybody, token, { file })));
      const counts = new Map<number, number>();
      for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
      // 0.02 MB are 20,971 bytes: ten times 2,048, and 491 left.
      expect([...counts].sort()).toEqual([
        [202, 10],
        [429, 54],
      ]);
      expect(answers.find(({ status }) => status === 429)?.body).toEqual({
        success: false,
        error: 'Quota exceeded',
        code: 'QUOTA_EXCEEDED',
        quota_info: { limit_mb: 0.02, used_mb: 0.02, remaining_mb: 0, requested_mb: 0 },
      });
      expect(await account(token)).toMatchObject({ used: '20480', available: '491' });

      const exact = newToken(1);
      expect((await submit(anybody, exact, { file: pngOf(mebibyte) })).body.data.quota_info).toMatchObject({
        used_mb: 1,
        remaining_mb: 0,
        limit_mb: 1,
      });
      expect((await submit(anybody, exact)).status).toBe(429);
    });

    it(
      'under one key are one: the first answer again, another body is refused, another token is another ' + 'scope',
      async () => {
        const [token, other] = [newToken(10), newToken(10)];
        const headers = { 'idempotency-key': 'upload-1' };
        const answers = await Promise.all(
          Array.from({ length: 8 }, () => submit(anybody, token, { headers, name: 'same.png' })),
        );
        expect(new Set(answers.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).size).toBe(1);
        expect(answers.filter((answer) => answer.headers.get('idempotent-replay') === 'true')).toHaveLength(7);
        expect(answers[0]?.status).toBe(202);
        expect(await account(token)).toMatchObject({ used: '1024' });
        for (const change of [{ file: png({ shade: 1 }) }, { fields: { quality: '7' } }]) {
          const reused = await submit(anybody, token, { headers, ...change });
          expect([reused.status, reused.body.code]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
        }
        const elsewhere = await submit(anybody, other, { headers });
        expect(elsewhere.body.data.task_id).not.toBe(answers[0]?.body.data.task_id);
        // A refusal is not kept: the key succeeds after the quota has grown.
        const small = newToken(0.001);
        provider.gives(small, 0.0001);
        expect((await submit(anybody, small, { headers })).status).toBe(429);
        provider.gives(small, 5);
        await as(small).post(`${surface}/refresh-quota`);
        expect((await submit(anybody, small, { headers })).status).toBe(202);
      },
    );

    // Guarantee: a task that was paid for is worked on, whatever is killed, and is paid once.
    it('that were taken are finished after a kill in the middle of the work', async () => {
      const token = newToken(1000);
      const file = png({ width: 6_000, height: 4_000 });
      const taken = await Promise.all(
        Array.from({ length: 6 }, (_, number) =>
          submit(anybody, token, {
            file,
            headers: { 'idempotency-key': `killed-${number}` },
            fields: { generate_webp: '1' },
          }),
        ),
      );
      expect(taken.map(({ status }) => status)).toEqual(taken.map(() => 202));
      const ids = taken.map(({ body }) => body.data.task_id);
      const pending = async () =>
        subject().platform.rows<{ id: string }>(
          `select id from optimizer.tasks where status = 'pending' and id = any($1::uuid[])`,
          [ids],
        );
      expect((await pending()).length).toBeGreaterThan(0);
      const before = await account(token);

      await subject().restartOptimizer();

      await waitFor('the tasks to be finished', async () => (await pending()).length === 0, 60_000);
      for (const id of ids) expect(await finished(as(token), id)).toMatchObject({ status: 'completed' });
      expect(await account(token)).toMatchObject({ used: before['used'] });
      for (const [number, first] of taken.entries()) {
        const again = await submit(anybody, token, {
          file,
          headers: { 'idempotency-key': `killed-${number}` },
          fields: { generate_webp: '1' },
        });
        expect([again.status, again.headers.get('idempotent-replay'), again.body]).toEqual([202, 'true', first.body]);
      }
      expect(await account(token)).toMatchObject({ used: before['used'] });
    });

    // Guarantee: a crash between charge and task neither loses the task nor charges twice; who has no key is not
    // charged.
    it('of a submit that broke off after its charge are finished for a key, and given back without one', async () => {
      const { platform } = subject();
      const token = newToken(1000);
      const headers = { 'idempotency-key': 'broke-off' };
      const first = await submit(anybody, token, { headers });
      const charged = (await account(token))['used'];
      // As a crash between the two leaves it: charged, and neither answered nor started.
      await platform.rows(
        `update gateway.optimize_submits set answer = null, lease_until = now() + interval '1 second' where id = $1`,
        [first.body.data.task_id],
      );
      await platform.rows(`update optimizer.tasks set status = 'staged' where id = $1`, [first.body.data.task_id]);
      expect((await submit(anybody, token, { headers })).body.data).toMatchObject({
        task_id: first.body.data.task_id,
        quota_info: first.body.data.quota_info,
      });
      expect((await account(token))['used']).toBe(charged);

      await platform.rows(
        `update gateway.optimize_submits set answer = null, idempotency_key = null, lease_until = now() where id = $1`,
        [first.body.data.task_id],
      );
      await waitFor(
        'the submit without a key to be taken back',
        async () => (await account(token))['used'] === '0',
        30_000,
      );
      await waitFor(
        'its task to be gone',
        async () => (await as(token).get(`${surface}/status/${first.body.data.task_id}`)).status === 404,
        10_000,
      );
      expect(
        await platform.rows('select 1 from gateway.optimize_submits where id = $1', [first.body.data.task_id]),
      ).toEqual([]);
    });

    // Guarantee: nobody pays for an image that was taken and cannot be optimised, and nobody gets its charge back
    // twice.
    it('that fail after their charge are given back, once, also when a crash has it repeated', async () => {
      const { platform } = subject();
      const token = newToken(1000);
      const {
        body: {
          data: { task_id: id },
        },
      } = await submit(anybody, token, { file: pngOf(mebibyte) });
      await finished(as(token), id);
      // As a file leaves it that has taken the process with it too often.
      await platform.rows(
        `update optimizer.tasks set status = 'pending', claimed_until = null, attempts = 99 where id = $1`,
        [id],
      );
      const returned = async () => {
        const { body } = await as(token).get<{ data: Record<string, unknown> }>(`${surface}/status/${id}`);
        return body.data['charge_returned'] === true ? body.data : undefined;
      };
      expect(await waitFor('the charge to be given back', returned, 30_000)).toMatchObject({
        status: 'failed',
        error: 'the image cannot be optimised',
      });
      await waitFor('it to be booked', async () => (await account(token))['used'] === '0', 10_000);
      expect(await quotaOf(token)).toMatchObject({ used_mb: 0, remaining_mb: 1000 });
      expect((await as(token).get(`${surface}/download/${id}`)).status).toBe(409);

      const before = (await account(token))['as_of'];
      // As a crash between the booking and the mark leaves it.
      await platform.rows('update optimizer.tasks set charge_returned_at = null where id = $1', [id]);
      await waitFor('the mark to be set again', returned, 30_000);
      await submit(anybody, token, { file: pngOf(mebibyte) });
      expect([(await account(token))['used'], before]).toEqual([String(mebibyte), expect.anything()]);
    });

    it('are reset by the admin token alone, also as the document sends it', async () => {
      const { optimizeAdminToken } = subject().platform;
      const token = newToken(1000);
      await submit(anybody, token, { file: pngOf(mebibyte) });
      const reset = (given: string | null, body: string, contentType: string) =>
        anybody.raw(`${surface}/reset-usage`, body, {
          'content-type': contentType,
          ...(given === null ? {} : { 'x-token': given }),
        });
      const json = JSON.stringify({ token });
      expect((await reset(null, json, 'application/json')).body).toEqual({
        success: false,
        error: expect.any(String),
        code: 'TOKEN_REQUIRED',
      });
      expect([
        (await reset(token, json, 'application/json')).status,
        (await reset(`${optimizeAdminToken}x`, json, 'application/json')).body,
      ]).toEqual([403, { success: false, error: expect.any(String), code: 'ADMIN_REQUIRED' }]);
      expect((await reset(optimizeAdminToken, '{"token":"nobody-has-it"}', 'application/json')).body).toMatchObject({
        code: 'TOKEN_NOT_FOUND',
      });
      for (const bad of ['{}', '{"token":5}', '[]', ''])
        expect((await reset(optimizeAdminToken, bad, 'application/json')).status).toBe(422);

      const done = await reset(optimizeAdminToken, json, 'application/x-www-form-urlencoded');
      expect([done.status, done.body]).toEqual([
        200,
        {
          success: true,
          message: 'Usage reset successfully',
          data: { token, old_usage_mb: 1, new_usage_mb: 0, quota_mb: 1000, remaining_mb: 1000 },
        },
      ]);
      expect(await quotaOf(token)).toMatchObject({ used_mb: 0, remaining_mb: 1000, last_used_at: expect.any(String) });
      expect((await reset(optimizeAdminToken, json, 'application/json')).body).toMatchObject({
        data: { old_usage_mb: 0 },
      });
    });
  });

  describe('the quota provider', () => {
    let anybody: Client;
    let provider: QuotaProvider;
    const check = async (token: string) => {
      const { status, body } = await anybody.with({ 'x-token': token }).get(`${surface}/quota`);
      return [status, body['code'] ?? (body['data'] as Record<string, unknown>)['quota_mb']];
    };
    const refresh = async (token: string) => {
      const { status, body } = await anybody
        .with({ 'x-token': token })
        .post<Record<string, unknown>>(`${surface}/refresh-quota`);
      return [status, body['code'] ?? body['data']] as const;
    };
    beforeAll(() => {
      anybody = subject().platform.anybody;
      ({ provider } = subject());
    });

    it('is asked once in five minutes, and whenever a refresh is asked for', async () => {
      provider.gives('asked', 10);
      await Promise.all(Array.from({ length: 20 }, () => check('asked')));
      expect(provider.asked('asked')).toBe(1);
      provider.gives('asked', 20);
      expect(await check('asked')).toEqual([200, 10]);
      expect(await refresh('asked')).toMatchObject([
        200,
        { quota_mb: 20, subscription_type: 'premium', expires_at: '2999-12-31T23:59:59.000Z' },
      ]);
      expect(provider.asked('asked')).toBe(2);
      expect(await check('asked')).toEqual([200, 20]);
    });

    it('decides who is valid: 4xx, valid:false and expiry are refusals, and nothing is opened for them', async () => {
      provider.says('refused-0', { quota: { valid: false } });
      provider.says('refused-1', { status: 422 });
      provider.gives('refused-2', 10, { expires_at: '2020-01-01T00:00:00Z' });
      for (const token of ['refused-0', 'refused-1', 'refused-2', 'never heard of']) {
        expect(await check(token)).toEqual([403, 'TOKEN_INVALID']);
        expect((await submit(anybody, token)).body).toMatchObject({ success: false, code: 'TOKEN_INVALID' });
        expect(
          (await subject().platform.server.get(`/v1/accounts/${encodeURIComponent(accountOf(token))}`)).status,
        ).toBe(404);
      }
    });

    it('is done without where it has answered before: 5xx, bad JSON, nonsense', async () => {
      provider.gives('outage', 7);
      expect(await check('outage')).toEqual([200, 7]);
      for (const down of [
        { status: 500 },
        { status: 503 },
        { body: '{"valid":' },
        { body: '{"valid":true}' },
        { body: '[]' },
      ]) {
        provider.says('outage', down);
        expect(await refresh('outage')).toMatchObject([200, { quota_mb: 7, subscription_type: 'cached' }]);
        provider.says('new-in-outage', down);
        expect(await refresh('new-in-outage')).toEqual([403, 'TOKEN_INVALID']);
      }
      expect((await submit(anybody, 'outage')).status).toBe(202);
      // Guarantee: a token that was refused does not come back to life with an outage.
      provider.says('outage', { quota: { valid: false } });
      expect(await refresh('outage')).toEqual([403, 'TOKEN_INVALID']);
      provider.says('outage', { status: 500 });
      expect(await refresh('outage')).toEqual([403, 'TOKEN_INVALID']);
    });

    it('is given 10 s to answer', async () => {
      provider.gives('slow', 7);
      await check('slow');
      provider.says('slow', 'silence');
      const startedAt = performance.now();
      expect(await refresh('slow')).toMatchObject([200, { subscription_type: 'cached' }]);
      const tookMs = performance.now() - startedAt;
      expect(tookMs).toBeGreaterThan(9_500);
      expect(tookMs).toBeLessThan(13_000);
    });

    it('lowers a limit below what is used: nothing remains, and nothing is taken', async () => {
      provider.gives('lowered', 10);
      await submit(anybody, 'lowered', { file: pngOf(2 * mebibyte) });
      provider.gives('lowered', 1);
      expect(await refresh('lowered')).toMatchObject([200, { quota_mb: 1, used_mb: 2, remaining_mb: 0 }]);
      expect((await submit(anybody, 'lowered')).body).toMatchObject({
        code: 'QUOTA_EXCEEDED',
        quota_info: { limit_mb: 1, used_mb: 2, remaining_mb: 0 },
      });
      provider.gives('lowered', 0);
      await refresh('lowered');
      const none = await submit(anybody, 'lowered');
      expect([none.status, none.body.code]).toEqual([403, 'QUOTA_UNAVAILABLE']);
      provider.gives('lowered', 3);
      await refresh('lowered');
      expect((await submit(anybody, 'lowered', { file: pngOf(mebibyte) })).body.data.quota_info).toMatchObject({
        used_mb: 3,
        remaining_mb: 0,
      });
    });
  });

  refusesBadUploads(subject);
}

const boundary = 'boundary-of-the-test';
const part = (head: string, body: Buffer | string): Buffer =>
  Buffer.concat([Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`), Buffer.from(body), Buffer.from('\r\n')]);
const filePart = (body: Buffer, name = 'a.png'): Buffer =>
  part(`Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: image/png`, body);
const multipart = `multipart/form-data; boundary=${boundary}`;
const closed = (...parts: Buffer[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]));

/** No file without a task, and nothing that was uploaded and not started. */
async function nothingLeft({ platform, files }: OptimizeSubject): Promise<void> {
  await waitFor(
    'nothing to be left behind',
    async () => {
      const tasks = await platform.rows<{ id: string; status: string }>('select id, status from optimizer.tasks');
      const started = new Set(tasks.filter(({ status }) => status !== 'staged').map(({ id }) => id));
      const left = [
        ...tasks.filter(({ status }) => status === 'staged').map(({ id }) => id),
        ...(await files()).filter((name) => !started.has(name.split('.')[0] ?? '')),
      ];
      if (left.length > 0) throw new Error(left.join(', '));
      return true;
    },
    10_000,
  );
}

function refusesBadUploads(subject: () => OptimizeSubject): void {
  describe('a bad upload', () => {
    const field = (name: string, value: string): Buffer =>
      part(`Content-Disposition: form-data; name="${name}"`, value);
    const half = png({ width: 300, height: 300 });
    const raw: readonly (readonly [
      what: string,
      body: Uint8Array<ArrayBuffer>,
      status: number,
      code: string,
      contentType?: string,
    ])[] = [
      ['no file', closed(field('quality', '5')), 422, 'VALIDATION_FAILED'],
      ['an empty file', closed(filePart(Buffer.alloc(0))), 422, 'FILE_INVALID'],
      [
        "text under an image's name",
        closed(filePart(Buffer.from('#!/bin/sh\necho no image here'))),
        422,
        'FILE_INVALID',
      ],
      [
        'an SVG',
        closed(filePart(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'))),
        422,
        'FILE_INVALID',
      ],
      [
        'the first bytes of a PNG and nothing else',
        closed(filePart(Buffer.from('\x89PNG\r\n\x1a\n plus text', 'latin1'))),
        422,
        'FILE_INVALID',
      ],
      ['an image that ends in the middle', closed(filePart(half.subarray(0, half.length - 60))), 422, 'FILE_INVALID'],
      ['a decompression bomb', closed(filePart(bomb())), 422, 'FILE_INVALID'],
      ['two files', closed(filePart(png()), filePart(png())), 422, 'VALIDATION_FAILED'],
      ...['0', '101', '-1', '1.5', '1e1', 'high', ' 5', '9'.repeat(400)].map(
        (value) =>
          [
            `quality ${value.slice(0, 9)}`,
            closed(filePart(png()), field('quality', value)),
            422,
            'VALIDATION_FAILED',
          ] as const,
      ),
      ['generate_webp maybe', closed(filePart(png()), field('generate_webp', 'maybe')), 422, 'VALIDATION_FAILED'],
      ['a field of 10 kB', closed(filePart(png()), field('quality', 'x'.repeat(10_000))), 422, 'VALIDATION_FAILED'],
      [
        'thirty fields',
        closed(filePart(png()), ...Array.from({ length: 30 }, (_, index) => field(`f${index}`, 'x'))),
        422,
        'VALIDATION_FAILED',
      ],
      [
        'a form that ends in the middle',
        new Uint8Array(filePart(pngOf(50_000)).subarray(0, 30_000)),
        422,
        'VALIDATION_FAILED',
      ],
      ['a form without its end', new Uint8Array(filePart(png())), 422, 'VALIDATION_FAILED'],
      ['no form at all', new Uint8Array(Buffer.from('garbage')), 422, 'VALIDATION_FAILED'],
      ['no boundary', closed(filePart(png())), 422, 'VALIDATION_FAILED', 'multipart/form-data'],
      ['JSON', new Uint8Array(Buffer.from('{"file":"x"}')), 422, 'VALIDATION_FAILED', 'application/json'],
      ['broken JSON', new Uint8Array(Buffer.from('{')), 400, 'BODY_MALFORMED', 'application/json'],
      ['another content type', new Uint8Array(Buffer.from('x')), 415, 'MEDIA_TYPE_UNSUPPORTED', 'text/plain'],
      ['a byte more than 20 MB', closed(filePart(pngOf(20_971_521))), 413, 'FILE_TOO_LARGE'],
      ['40 MB', closed(filePart(pngOf(41_943_040))), 413, 'FILE_TOO_LARGE'],
    ];

    // Guarantee: whatever is uploaded, nothing is booked and nothing stays behind.
    it('is refused with a clear 4xx of the surface, books nothing and leaves no file', async () => {
      const { platform, provider } = subject();
      const { anybody, server } = platform;
      const token = `bad-${randomUUID()}`;
      provider.gives(token, 1000);
      const client = anybody.with({ 'x-token': token });
      expect((await submit(anybody, token)).status).toBe(202);
      const { body: before } = await server.get(`/v1/accounts/${encodeURIComponent(accountOf(token))}`);
      expect(before).toMatchObject({ used: '1024' });
      const stranger = `bad-${randomUUID()}`;
      provider.gives(stranger, 1000);

      const answers: unknown[] = [];
      for (const [what, body, , , contentType = multipart] of raw) {
        const reply = await client.raw(`${surface}/submit`, body, { 'content-type': contentType });
        answers.push([what, reply.status, reply.body]);
      }
      expect(answers).toEqual(
        raw.map(([what, , status, code]) => [what, status, { success: false, error: expect.any(String), code }]),
      );

      expect((await server.get(`/v1/accounts/${encodeURIComponent(accountOf(token))}`)).body).toEqual(before);
      // One who never paid for an image has no account either.
      for (const [, body, status, , contentType = multipart] of raw.slice(0, 8)) {
        expect(
          (await anybody.with({ 'x-token': stranger }).raw(`${surface}/submit`, body, { 'content-type': contentType }))
            .status,
        ).toBe(status);
      }
      expect((await server.get(`/v1/accounts/${encodeURIComponent(accountOf(stranger))}`)).status).toBe(404);
      await nothingLeft(subject());
      expect((await anybody.get('/health/ready')).status).toBe(200);
    });

    it('that breaks off with its connection leaves nothing behind', async () => {
      const { platform, provider } = subject();
      const { anybody } = platform;
      provider.gives('breaks-off', 100);
      await new Promise<void>((resolve) => {
        const sending = httpRequest(`${anybody.url}${surface}/submit`, {
          method: 'POST',
          headers: { 'x-token': 'breaks-off', 'content-type': multipart },
        });
        sending.on('error', () => resolve());
        sending.write(filePart(pngOf(3_000_000)).subarray(0, 1_000_000), () =>
          setTimeout(() => sending.destroy(new Error('gone')), 200),
        );
      });
      await nothingLeft(subject());
      expect((await anybody.with({ 'x-token': 'breaks-off' }).get(`${surface}/quota`)).body).toMatchObject({
        data: { used_mb: 0 },
      });
    });

    it('is told from a good one of exactly 20 MB, whose name is no path', async () => {
      const {
        platform: { anybody },
        provider,
      } = subject();
      provider.gives('exactly', 100);
      const { status, body } = await submit(anybody, 'exactly', {
        file: pngOf(20_971_520),
        name: '../../../etc/passwd',
      });
      expect([status, body.data.original_file]).toEqual([202, { name: 'passwd', size: 20_971_520 }]);
      expect(await finished(anybody.with({ 'x-token': 'exactly' }), body.data.task_id)).toMatchObject({
        status: 'completed',
      });
    });

    it("without a token is asked for one; unknown paths and methods answer in the surface's own words", async () => {
      const {
        platform: { anybody },
      } = subject();
      const required = { success: false, error: expect.any(String), code: 'TOKEN_REQUIRED' };
      expect(await submit(anybody, null)).toMatchObject({ status: 401, body: required });
      for (const path of [
        'quota',
        `status/${randomUUID()}`,
        `download/${randomUUID()}`,
        `download/${randomUUID()}/webp`,
        'quota?token=',
      ]) {
        expect(await anybody.get(`${surface}/${path}`)).toMatchObject({ status: 401, body: required });
      }
      expect(await anybody.post(`${surface}/refresh-quota`)).toMatchObject({ status: 401, body: required });
      expect(await anybody.post(`${surface}/refresh-quota`, { token: 7 })).toMatchObject({
        status: 422,
        body: { code: 'VALIDATION_FAILED' },
      });
      expect(await anybody.get(`${surface}/nothing`)).toMatchObject({
        status: 404,
        body: { success: false, code: 'ROUTE_UNKNOWN' },
      });
      expect(await anybody.post(`${surface}/quota`)).toMatchObject({
        status: 405,
        body: { success: false, code: 'METHOD_NOT_ALLOWED' },
      });
    });
  });
}
