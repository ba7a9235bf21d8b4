import { randomUUID } from 'node:crypto';

import { beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { Client, Reply } from './harness/client.ts';
import { adminOf, newPerson, type Person } from './harness/people.ts';
import type { Platform } from './harness/platform.ts';
import type { UpstreamServer } from './harness/upstream.ts';

export type CreditsBench = {
  readonly platform: Platform;
  readonly upstream: UpstreamServer;
  readonly restartGateway: () => Promise<void>;
};
type Usage = Readonly<Record<string, unknown>> & {
  readonly credits: number;
  readonly monthlyResetDate: string;
  readonly subscriptionEndsAt: string | null;
};
type UsageReply = Reply<{ readonly success: boolean; readonly data: Usage }>;

const workflow = '/api/projects/start-workflow';
const review = '/api/review/generate';
const empty = {
  error: 'Insufficient credits',
  detail: 'You have 0 credits remaining (0 tokens)',
  status: 429,
  remainingCredits: 0,
  maxTokens: 0,
};
const day = 86_400_000;

/** The credits surface, as its document and surfaces §4 promise it. */
export function creditsJourney(bench: () => CreditsBench): void {
  describe('credits', () => {
    let admin: Client;
    beforeAll(async () => void (admin = await adminOf(bench().platform)));

    const person = (): Promise<Person> => newPerson(bench().platform);
    const usage = async (client: Client): Promise<Usage> =>
      ((await client.get('/api/user/usage')) as unknown as UsageReply).body.data;
    const act = (userId: string, action: string, body?: unknown, headers = {}): Promise<UsageReply> =>
      admin.post(
        `/api/admin/credits/${encodeURIComponent(userId)}/${action}`,
        body,
        headers,
      ) as unknown as Promise<UsageReply>;
    const start = (client: Client, projectId: string, headers = {}): Promise<Reply> =>
      client.post(workflow, { projectId }, headers);
    const booked = async (userId: string): Promise<Record<string, unknown>> =>
      (await bench().platform.server.get(`/v1/accounts/${encodeURIComponent(`credits:${userId}`)}`)).body;

    it('open with five for a user on the first call, and say all that is left and used', async () => {
      const { client, id } = await person();
      const { status, body } = await client.get('/api/user/usage');
      expect(status).toBe(200);
      expect(body).toEqual({
        success: true,
        data: {
          credits: 5,
          totalTokens: 10_000,
          availableTokens: 10_000,
          tokensPerCredit: 2_000,
          isSubscribed: false,
          subscriptionTier: 'free',
          subscriptionEndsAt: null,
          totalTokensUsed: 0,
          monthlyTokensUsed: 0,
          monthlyResetDate: expect.stringMatching(/^\d{4}-.*Z$/),
        },
      });
      expect((await admin.get(`/api/admin/credits/${id}`)).body).toEqual(body);
      expect(await booked(id)).toMatchObject({ kind: 'credits', unit: 'credits', balance: '5' });
    });

    it("pay a workflow and a review with one each, and refuse the sixth with the document's 429", async () => {
      const { client } = await person();
      const first = await start(client, 'abc123');
      expect([first.status, first.body]).toEqual([
        200,
        {
          success: true,
          workflowStarted: true,
          message: 'working on abc123',
          creditInfo: { tokensUsed: 2_000, creditsRemaining: 4, totalTokensUsed: 2_000 },
        },
      ]);
      const second = await client.post(review, { projectId: 'abc123', files: [{ path: 'a.ts', content: 'x' }] });
      expect([second.status, second.body]).toEqual([
        200,
        {
          review: 'reviewed abc123',
          creditInfo: { tokensUsed: 2_000, creditsRemaining: 3, totalTokensUsed: 4_000 },
        },
      ]);
      for (let left = 2; left >= 0; left--)
        expect((await start(client, 'abc123')).body).toMatchObject({ creditInfo: { creditsRemaining: left } });

      for (const refused of [await start(client, 'abc123'), await client.post(review, { projectId: 'abc123' })]) {
        expect([refused.status, refused.body]).toEqual([429, empty]);
      }
      expect(await usage(client)).toMatchObject({
        credits: 0,
        totalTokens: 0,
        totalTokensUsed: 10_000,
        monthlyTokensUsed: 10_000,
      });
    });

    // Guarantee: nobody fills the database with requests that were refused, or with what a service has long answered.
    it('keep of a call that is over what a repeat needs, and not what was sent', async () => {
      const { client, id } = await person();
      const files = [{ path: 'large.ts', content: 'x'.repeat(900_000) }];
      expect((await client.post(review, { projectId: 'p', files }, { 'idempotency-key': 'large' })).status).toBe(200);
      for (let left = 3; left >= 0; left--) await start(client, 'p');
      for (let i = 0; i < 3; i++) expect((await client.post(review, { projectId: 'p', files })).status).toBe(429);
      expect(
        (await client.post(review, { projectId: 'p', files }, { 'idempotency-key': 'large' })).headers.get(
          'idempotent-replay',
        ),
      ).toBe('true');
      const rows = await bench().platform.rows<{ request: object }>(
        `select request from gateway.operations where account = $1`,
        [`credits:${id}`],
      );
      expect(rows).toHaveLength(8);
      for (const { request } of rows) expect(request).toEqual({ userId: id });
    });

    it('check the login first, then the body, then what is left', async () => {
      const { client, id } = await person();
      const { anybody } = bench().platform;
      for (let left = 5; left > 0; left--) await act(id, 'consume');
      for (const refused of [
        await anybody.get('/api/user/usage'),
        await anybody.post(workflow, {}),
        await anybody.post(review, { projectId: 1 }),
      ]) {
        expect([refused.status, refused.body]).toEqual([401, { error: 'Unauthorized' }]);
      }
      for (const body of [
        {},
        { projectId: '' },
        { projectId: 7 },
        { projectId: null },
        { projectId: 'x'.repeat(129) },
        [],
        'text',
      ]) {
        for (const path of [workflow, review]) {
          const { status, body: said } = await client.post<Record<string, unknown>>(path, body);
          expect([status, said]).toEqual([400, { error: expect.any(String), detail: expect.any(String), status: 400 }]);
        }
      }
      expect((await client.post(review, { projectId: 'p', files: 'a.ts' })).status).toBe(400);
      const broken = await client.raw(workflow, '{"projectId"');
      expect([broken.status, broken.body]).toEqual([
        400,
        { error: expect.any(String), detail: expect.any(String), status: 400 },
      ]);
      expect([
        (await client.raw(workflow, 'a=1', { 'content-type': 'text/plain' })).status,
        (await client.get(workflow)).status,
      ]).toEqual([415, 405]);
      expect((await client.get('/api/projects/none')).body).toEqual({
        error: expect.any(String),
        detail: expect.any(String),
        status: 404,
      });
      expect((await start(client, 'abc123')).status).toBe(429);
    });

    it('are never overspent by 64 clients that race for the last ones', async () => {
      const { client, id } = await person();
      await act(id, 'bonus', { amount: 15 });
      const answers = await Promise.all(Array.from({ length: 64 }, (_, index) => start(client, `race-${index}`)));
      expect(answers.filter(({ status }) => status === 200).length).toBe(20);
      expect(answers.filter(({ status }) => status === 429).length).toBe(44);
      const left = answers
        .filter(({ status }) => status === 200)
        .map(({ body }) => (body as { creditInfo: { creditsRemaining: number } }).creditInfo.creditsRemaining);
      expect(Math.min(...left)).toBe(0);
      expect(await booked(id)).toMatchObject({ balance: '0', held: '0', used_total: '20' });
    });

    it('are used once for one Idempotency-Key, and the service is called once, however often it is sent', async () => {
      const { client, id } = await person();
      const project = `wait-${randomUUID()}`;
      const headers = { 'idempotency-key': 'k-1' };
      const racing = Array.from({ length: 8 }, () => start(client, project, headers));
      await waitFor('the service to be called', () => bench().upstream.callsFor(project).length > 0);
      bench().upstream.open(project);
      const answers = await Promise.all(racing);
      const [{ body }] = answers as [Reply];
      for (const answer of answers) expect([answer.status, answer.body]).toEqual([200, body]);
      expect(answers.filter(({ headers: said }) => said.get('idempotent-replay') === 'true').length).toBe(7);
      await act(id, 'consume');

      const later = await start(client, project, headers);
      expect([later.status, later.body, later.headers.get('idempotent-replay')]).toEqual([200, body, 'true']);
      expect(bench().upstream.callsFor(project).length).toBe(1);
      const other = await start(client, 'something-else', headers);
      expect([other.status, other.body]).toEqual([
        409,
        { error: expect.any(String), detail: expect.any(String), status: 409 },
      ]);
      expect(await booked(id)).toMatchObject({ balance: '3', held: '0' });
    });

    it('do not keep a refusal: the same key succeeds after a top-up', async () => {
      const { client, id } = await person();
      for (let left = 5; left > 0; left--) await act(id, 'consume');
      expect((await start(client, 'p', { 'idempotency-key': 'again' })).status).toBe(429);
      await act(id, 'bonus', { amount: 1 });
      expect((await start(client, 'p', { 'idempotency-key': 'again' })).status).toBe(200);
    });

    it.each([
      ['fails', 'fail-', 502],
      ['answers no JSON', 'garbage-', 502],
      ['does not answer in time', 'hang-', 504],
    ])('are given back when the service %s, and the key stays free', async (_, prefix, status) => {
      const { client, id } = await person();
      const project = `${prefix}${randomUUID()}`;
      const refused = await start(client, project, { 'idempotency-key': 'once' });
      expect([refused.status, refused.body]).toEqual([
        status,
        { error: expect.any(String), detail: expect.stringContaining('no credit was used'), status },
      ]);
      expect(await booked(id)).toMatchObject({ balance: '5', held: '0', used: '0' });
      expect((await start(client, 'now-it-works', { 'idempotency-key': 'once' })).status).toBe(200);
    });

    it('are settled although the client has gone', async () => {
      const { client, id } = await person();
      const project = `wait-${randomUUID()}`;
      const leaving = new AbortController();
      const {
        body: {
          data: { api_key: key },
        },
      } = await client.get<{ data: { api_key: string } }>('/api/user/profile');
      const gone = fetch(`${bench().platform.anybody.url}${workflow}`, {
        method: 'POST',
        signal: leaving.signal,
        headers: { 'content-type': 'application/json', 'x-api-key': key },
        body: JSON.stringify({ projectId: project }),
      }).catch(() => 'gone');
      await waitFor('the service to be called', () => bench().upstream.callsFor(project).length > 0);
      leaving.abort();
      expect(await gone).toBe('gone');
      bench().upstream.open(project);
      await waitFor(
        'the credit to be used',
        async () => (await booked(id))['balance'] === '4' && (await booked(id))['held'] === '0',
      );
    });

    // Guarantee: a crash between hold and settle neither keeps a credit nor sells one work twice (rule 24).
    it(
      'are settled after a gateway that was killed while the service worked, with the key the service ' + 'knows',
      async () => {
        const { client, id } = await person();
        const [delivered, refused] = [`wait-${randomUUID()}`, `fail-${randomUUID()}`];
        const headers = { 'idempotency-key': 'over-a-kill' };
        const cut = start(client, delivered, headers).catch(() => 'cut');
        await waitFor('the service to be called', () => bench().upstream.callsFor(delivered).length > 0);
        expect(await booked(id)).toMatchObject({ balance: '5', held: '1' });

        await bench().restartGateway();
        expect(await cut).toBe('cut');
        bench().upstream.open(delivered);

        const { status, body } = await start(client, delivered, headers);
        expect([status, body]).toMatchObject([200, { workflowStarted: true, creditInfo: { creditsRemaining: 4 } }]);
        expect(
          new Set(
            bench()
              .upstream.callsFor(delivered)
              .map(({ key }) => key),
          ).size,
        ).toBe(1);
        expect(await booked(id)).toMatchObject({ balance: '4', held: '0' });
        expect((await start(client, refused)).status).toBe(502);
      },
    );

    it(
      'are given back and listed after a gateway that was killed and a service that is of no help ' + 'afterwards',
      async () => {
        const { client, id } = await person();
        const project = `hang-${randomUUID()}`;
        const cut = start(client, project).catch(() => 'cut');
        await waitFor('the service to be called', () => bench().upstream.callsFor(project).length > 0);
        await bench().restartGateway();
        await cut;
        await waitFor('the credit to be given back', async () => (await booked(id))['held'] === '0', 30_000);
        expect(await booked(id)).toMatchObject({ balance: '5', used: '0' });
        const listed = await waitFor('the list', async () => {
          const {
            body: {
              data: { items },
            },
          } = await admin.get<{ data: { items: { userId: string }[] } }>('/api/admin/credits/operations/orphaned');
          return items.find(({ userId }) => userId === id);
        });
        expect(listed).toMatchObject({
          feature: 'start-workflow',
          step: 'orphaned',
          hold: expect.any(String),
          reason: expect.any(String),
        });
      },
    );

    it('are raised, renewed and lowered by admins, each at once', async () => {
      const { id } = await person();
      const [now] = [Date.now()];
      expect((await act(id, 'initialize', {})).body.data).toMatchObject({ credits: 5, isSubscribed: false });
      await act(id, 'consume');
      const upgraded = (await act(id, 'upgrade', { days: 30 })).body.data;
      expect(upgraded).toMatchObject({
        credits: 100,
        totalTokens: 200_000,
        isSubscribed: true,
        subscriptionTier: 'pro',
        totalTokensUsed: 2_000,
      });
      expect(Date.parse(upgraded.subscriptionEndsAt ?? '') - now).toBeGreaterThan(29.9 * day);
      await act(id, 'consume');
      const renewed = (await act(id, 'renew', { days: 10 })).body.data;
      expect(renewed).toMatchObject({ credits: 100, subscriptionTier: 'pro' });
      expect(Date.parse(renewed.subscriptionEndsAt ?? '') - Date.parse(upgraded.subscriptionEndsAt ?? '')).toBe(
        10 * day,
      );
      expect((await act(id, 'bonus', { amount: 7 })).body.data).toMatchObject({ credits: 107 });
      expect((await act(id, 'upgrade', { tier: 'enterprise', credits: 5_000 })).body.data).toMatchObject({
        credits: 5_000,
        subscriptionTier: 'enterprise',
      });
      expect((await act(id, 'check')).body.data).toMatchObject({ credits: 5_000 });
      expect((await act(id, 'downgrade')).body.data).toMatchObject({
        credits: 5,
        isSubscribed: false,
        subscriptionTier: 'free',
        subscriptionEndsAt: null,
      });
      for (let left = 4; left >= 0; left--)
        expect((await act(id, 'consume')).body.data).toMatchObject({ credits: left });
      const refused = await act(id, 'consume');
      expect([refused.status, refused.body]).toEqual([429, empty]);
      const reset = (await act(id, 'reset-monthly')).body.data;
      expect(reset).toMatchObject({ credits: 5, monthlyTokensUsed: 0, totalTokensUsed: 14_000 });
      expect(Date.parse(reset.monthlyResetDate)).toBeGreaterThanOrEqual(now);
      expect((await act(id, 'check-expiry')).body.data).toEqual(reset);
    });

    it("that were bought are a customer's own: no change of tier wipes or counts them", async () => {
      const { client, id } = await person();
      await usage(client);
      const path = `/v1/accounts/${encodeURIComponent(`credits:${id}`)}/grants`;
      expect(
        (await bench().platform.server.post(path, { amount: '50', kind: 'purchased', reason: 'order 4711' })).status,
      ).toBe(201);
      expect(
        (await bench().platform.server.post(path, { amount: '50', kind: 'rented', reason: 'order 4712' })).status,
      ).toBe(400);
      expect(await usage(client)).toMatchObject({ credits: 55 });
      expect((await act(id, 'upgrade', { days: 30 })).body.data).toMatchObject({ credits: 150 });
      expect((await act(id, 'downgrade')).body.data).toMatchObject({ credits: 55, subscriptionTier: 'free' });
      for (let used = 1; used <= 7; used++) await act(id, 'consume');
      expect((await act(id, 'reset-monthly')).body.data).toMatchObject({ credits: 53 });
      expect(await booked(id)).toMatchObject({ lots: [{ left: '5' }, { left: '48', kind: 'purchased' }] });
    });

    it('take each admin function once for one key, also when two send it at once', async () => {
      const id = `somebody/100% ${randomUUID()} 東京`;
      const twice = await Promise.all(
        [1, 2].map(() => act(id, 'bonus', { amount: 3 }, { 'idempotency-key': 'bonus' })),
      );
      expect(twice.map(({ status, body }) => [status, body.data.credits])).toEqual([
        [200, 8],
        [200, 8],
      ]);
      expect((await act(id, 'bonus', { amount: 4 }, { 'idempotency-key': 'bonus' })).status).toBe(409);
      const ends = await Promise.all(Array.from({ length: 5 }, () => act(id, 'renew', { days: 10 })));
      const last = Math.max(...ends.map(({ body }) => Date.parse(body.data.subscriptionEndsAt ?? '')));
      expect(last - Date.now()).toBeGreaterThan(49.9 * day);
      expect((await act(id, 'check')).body.data).toMatchObject({ credits: 100 });
    });

    it('refuse bad input of admins and change nothing', async () => {
      const { client, id } = await person();
      const bad: readonly (readonly [string, unknown])[] = [
        ['bonus', {}],
        ['bonus', { amount: 0 }],
        ['bonus', { amount: -5 }],
        ['bonus', { amount: 1.5 }],
        ['bonus', { amount: '5' }],
        ['bonus', { amount: 1e300 }],
        ['bonus', [1]],
        ['upgrade', { days: 0 }],
        ['upgrade', { days: 1.5 }],
        ['upgrade', { days: '30' }],
        ['upgrade', { tier: 'free' }],
        ['upgrade', { tier: 7 }],
        ['upgrade', { credits: -1 }],
        ['renew', { days: -1 }],
        ['renew', { days: 1e9 }],
        ['initialize', { is_pro: 'yes' }],
      ];
      for (const [action, body] of bad) {
        const { status, body: said } = await act(id, action, body);
        expect([action, body, status, said]).toEqual([
          action,
          body,
          400,
          { error: expect.any(String), detail: expect.any(String), status: 400 },
        ]);
      }
      expect((await act('x'.repeat(129), 'check')).status).toBe(400);
      expect((await client.post(`/api/admin/credits/${id}/bonus`, { amount: 5 })).status).toBe(403);
      expect((await bench().platform.anybody.post(`/api/admin/credits/${id}/bonus`, { amount: 5 })).status).toBe(401);
      expect(await usage(client)).toMatchObject({ credits: 5 });
    });

    it('are told to whoever monitors', async () => {
      const text = await bench().platform.figures.text('/metrics');
      for (const name of [
        'tollgate_credits_consumed_total',
        'tollgate_credits_refused_total',
        'tollgate_credits_tier_changes_total',
      ]) {
        expect(text).toContain(name);
      }
    });
  });
}
