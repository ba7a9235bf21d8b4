import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { Client } from '../harness/client.ts';
import { png } from '../harness/images.ts';
import { advance, day, hour, minute, nowMs, platform, provider, refresherLooks } from './timed.ts';

type Submitted = { readonly data: { readonly task_id: string; readonly quota_info: object } };

async function submit(client: Client): Promise<Submitted> {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(png())]), 'a.png');
  const encoded = new Response(form);
  const { body } = await client.raw<Submitted>('/api/optimize/submit', new Uint8Array(await encoded.arrayBuffer()), {
    'content-type': encoded.headers.get('content-type') ?? '',
  });
  return body;
}

/** Files for 24 hours and the background refresh of quotas (surfaces §3). */
export function imagesInTime(): void {
  describe('images and their quotas', () => {
    it('are kept for 24 hours, and gone afterwards, files and all', async () => {
      provider.gives('for-a-day', 1000);
      const client = platform.anybody.with({ 'x-token': 'for-a-day' });
      const body = await submit(client);
      expect(body).toMatchObject({ data: { quota_info: { limit_mb: 1000 } } });
      const id = body.data.task_id;
      const paths = [`status/${id}`, `download/${id}`].map((path) => `/api/optimize/${path}`);
      await waitFor(
        'the image',
        async () =>
          (await client.get<{ data: object }>(paths[0] ?? '')).body.data !== undefined &&
          (await platform.rows(`select 1 from optimizer.tasks where id = $1 and status = 'completed'`, [id])).length ===
            1,
      );
      await advance(day - 1);
      expect((await fetch(`${client.url}${paths[1]}`, { headers: { 'x-token': 'for-a-day' } })).status).toBe(200);

      await advance(1);

      for (const path of paths)
        expect(await client.get(path)).toMatchObject({
          status: 410,
          body: { success: false, message: 'Task has expired' },
        });
      const files = (): Promise<readonly string[]> => readdir(join(platform.dataDir, 'images'));
      await waitFor('the files to be removed', async () => (await files()).every((name) => !name.startsWith(id)));
      expect((await client.get(paths[0] ?? '')).status).toBe(410);
    });

    it('that nobody worked on within their 24 hours cost nothing', async () => {
      provider.gives('for-nothing', 1000);
      const client = platform.anybody.with({ 'x-token': 'for-nothing' });
      const id = (await submit(client)).data.task_id;
      await waitFor(
        'the image',
        async () =>
          (await platform.rows(`select 1 from optimizer.tasks where id = $1 and status = 'completed'`, [id])).length ===
          1,
      );
      await platform.rows(
        `update optimizer.tasks set status = 'pending', completed_at = null, claimed_until = now() + interval '1 hour'
          where id = $1`,
        [id],
      );

      await advance(day);

      const account = `quota:${createHash('sha256').update('for-nothing').digest('hex').slice(0, 32)}`;
      await waitFor(
        'the charge to be given back',
        async () =>
          (await platform.server.get<{ used: string }>(`/v1/accounts/${encodeURIComponent(account)}`)).body.used ===
          '0',
        30_000,
      );
      expect((await client.get(`/api/optimize/status/${id}`)).status).toBe(410);
    });

    // Guarantee: a limit that shrank at the provider is obeyed by who keeps asking, without a request of his own for
    // it.
    it('are refreshed in the background after 15 minutes, while the token is in use', async () => {
      provider.gives('in-use', 10);
      const client = platform.anybody.with({ 'x-token': 'in-use' });
      await client.get('/api/optimize/quota');
      // A quota account, whose limit is looked at below, opens with the first image that is paid.
      await submit(client);
      provider.gives('in-use', 4);
      await advance(13 * minute);
      await refresherLooks();
      expect(provider.asked('in-use')).toBe(1);
      await advance(4 * minute);
      const account = `quota:${createHash('sha256').update('in-use').digest('hex').slice(0, 32)}`;
      await waitFor(
        'the new limit in the books',
        async () =>
          (await platform.server.get<{ limits: { limit: string }[] }>(`/v1/accounts/${encodeURIComponent(account)}`))
            .body.limits[0]?.limit === String(4 * 1_048_576),
      );
      expect(provider.asked('in-use')).toBe(2);
      expect((await client.get('/api/optimize/quota')).body).toMatchObject({ data: { quota_mb: 4 } });

      await advance(day);
      await refresherLooks();
      const asked = provider.asked('in-use');
      await advance(hour);
      await refresherLooks();
      expect(provider.asked('in-use')).toBe(asked);
    });

    it("end with the token's own expiry", async () => {
      provider.gives('expiring-token', 10, { expires_at: new Date((await nowMs()) + 60_000).toISOString() });
      const client = platform.anybody.with({ 'x-token': 'expiring-token' });
      expect((await client.get('/api/optimize/quota')).status).toBe(200);
      await advance(60);
      expect(await client.get('/api/optimize/quota')).toMatchObject({ status: 403, body: { code: 'TOKEN_INVALID' } });
    });
  });
}
