import { randomUUID } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { creditsOfAdmins } from './credits-admin.contract.ts';
import type { Reply } from './harness/client.ts';
import type { CreditsBench } from './harness/credits-tools.ts';
import { creditsTools, empty, review, workflow } from './harness/credits-tools.ts';

/** The credits surface, as its document and surfaces §4 promise it. */
export function creditsJourney(bench: () => CreditsBench): void {
  describe('credits', () => {
    const tools = creditsTools(bench);
    const { person, usage, act, start, booked } = tools;

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
      expect((await tools.admin.get(`/api/admin/credits/${id}`)).body).toEqual(body);
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
    it('are settled after the gateway was killed while the service worked, with the key it knows', async () => {
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
    });

    it('are given back and listed when the gateway was killed and the service cannot say what it did', async () => {
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
        } = await tools.admin.get<{ data: { items: { userId: string }[] } }>('/api/admin/credits/operations/orphaned');
        return items.find(({ userId }) => userId === id);
      });
      expect(listed).toMatchObject({
        feature: 'start-workflow',
        step: 'orphaned',
        hold: expect.any(String),
        reason: expect.any(String),
      });
    });

    creditsOfAdmins(tools);
  });
}
