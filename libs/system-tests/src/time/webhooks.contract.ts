import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { platform } from './timed.ts';

/** Signed webhooks to subscribers over a kill of the platform. */
export function webhooksOutInTime(): void {
  describe('webhooks out', () => {
    // Guarantee: a subscriber that bills by our events misses none, whatever is killed on either side.
    it('tell a subscriber of each tier block that is entered, over a kill of the platform', async () => {
      const heard: string[] = [];
      let down = true;
      const subscriber = createServer((request, response) => {
        if (!down) heard.push(String(request.headers['webhook-id']));
        response.writeHead(down ? 503 : 204).end();
      });
      await new Promise<void>((resolve) => subscriber.listen(0, '127.0.0.1', resolve));
      try {
        const url = `http://127.0.0.1:${(subscriber.address() as AddressInfo).port}/`;
        const made = await platform.server.post<{ id: string; secret: string }>('/v1/webhook-endpoints', {
          url,
          events: ['tier.crossed'],
          account_prefix: 'metered:told',
        });
        expect(made).toMatchObject({ status: 201, body: { secret: expect.stringMatching(/^whsec_/) } });
        expect((await platform.server.post('/v1/webhook-endpoints', { url: 'http://example.com/' })).status).toBe(400);
        const { body } = await platform.server.post<{ data: { tierCharges: { id: string }[] } }>(
          '/api/token-billing/process-usage',
          { userId: 'told', tokensUsed: 25_000_000 },
        );
        await platform.program.kill();
        down = false;
        await platform.start();
        const path = `/v1/webhook-endpoints/${made.body.id}`;
        await waitFor(
          'every block',
          async () =>
            new Set(heard).size === 3 ||
            ((await platform.server.post(`${path}/replay`, { status: 'failed' })).status === 200 && false),
          30_000,
        );
        expect(new Set(heard)).toEqual(new Set(body.data.tierCharges.map(({ id }) => `msg_tier_${id}`)));
        const { body: log } = await platform.server.get<{ items: { status: string }[] }>(`${path}/deliveries?limit=3`);
        expect(log.items).toHaveLength(3);
        expect((await platform.server.delete(path)).status).toBe(200);
        expect((await platform.server.get(path)).status).toBe(404);
      } finally {
        subscriber.closeAllConnections();
        subscriber.close();
      }
    });
  });
}
