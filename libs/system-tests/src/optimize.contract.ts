import { createHash, randomUUID } from 'node:crypto';

import { beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { refusesBadUploads } from './bad-uploads.contract.ts';
import type { Client } from './harness/client.ts';
import type { OptimizeSubject } from './harness/image-uploads.ts';
import { accountOf, finished, mebibyte, submit, surface } from './harness/image-uploads.ts';
import { animatedGif, png, pngOf } from './harness/images.ts';
import type { QuotaProvider } from './harness/quota-provider.ts';
import { asksTheQuotaProvider } from './quota-provider.contract.ts';

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

    it('under one key count as one: same answer; another body is refused, another token is separate', async () => {
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
    });

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
      const kept = 'select 1 from gateway.optimize_submits where id = $1';
      await waitFor(
        'the submit to be forgotten, after all else',
        async () => (await platform.rows(kept, [first.body.data.task_id])).length === 0,
        10_000,
      );
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

  asksTheQuotaProvider(subject);
  refusesBadUploads(subject);
}
