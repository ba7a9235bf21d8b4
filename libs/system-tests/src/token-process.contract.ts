import { describe, expect, it } from '@jest/globals';

import type { Platform } from './harness/platform.ts';
import { end, newUser, run, start, tokenProcessTools } from './harness/token-process-tools.ts';
import { giftsAndCatalog } from './token-process-gifts.contract.ts';
import { refusesBadTokenProcesses } from './token-process-input.contract.ts';

/** The token-process surface as its clients see it (surfaces §2, seed 001). */
export function tokenProcess(platform: () => Platform): void {
  const tools = tokenProcessTools(platform);
  const { catalog, post, create, begin, finish, gift, wallet, entries } = tools;

  describe('a token process', () => {
    it('needs a server key, with the texts of the document', async () => {
      for (const path of [start, end]) {
        const missing = await platform().anybody.post(path, {});
        expect([missing.status, missing.body]).toEqual([
          401,
          { success: false, status: 401, message: 'Server API key is required' },
        ]);
        const wrong = await platform().anybody.post(path, {}, { 'x-server-api-key': 'nobody' });
        expect([wrong.status, wrong.body]).toEqual([
          401,
          { success: false, status: 401, message: 'Invalid server API key' },
        ]);
      }
    });

    it('starts and ends as in the document: 100 in and 400 out cost 100', async () => {
      const user = await gift(150);
      const started = await begin(user);
      expect([started.status, started.body]).toEqual([
        200,
        { success: true, message: expect.any(String), data: { user_id: user, token: 150, status: 'accessible' } },
      ]);
      const ended = await finish(user, 400, { model: 'gemini-pro' });
      expect([ended.status, ended.body]).toEqual([
        200,
        {
          success: true,
          message: expect.any(String),
          data: { user_id: user, token: 50, cost: 100, status: 'returnable' },
        },
      ]);
    });

    it('refuses a start in the documented order, always with 200', async () => {
      const user = newUser();
      const told = async (more: object, user_id = user) => {
        const { status, body } = await begin(user_id, more);
        expect([status, body.success, body.data.status]).toEqual([200, true, 'not-accessible']);
        return [body.data.token, body.data.message];
      };
      expect(await told({ feature_endpoint_id: 'nowhere' })).toEqual([0, 'Feature endpoint not found']);
      expect(await told({ feature_endpoint_id: catalog.inactive })).toEqual([0, 'Feature endpoint is not active']);
      expect((await tools.server.get(`/api/user-wallets/user/${user}`)).status).toBe(404);
      // No wallet: one is opened with nothing in it.
      expect(await told({})).toEqual([0, 'Insufficient tokens. Required: 10, Available: 0']);
      expect(await wallet(user)).toMatchObject({ kind: 'wallet', unit: 'token', balance: '0', owner: user });
      await gift(9, user);
      expect(await told({})).toEqual([9, 'Insufficient tokens. Required: 10, Available: 9']);
      await gift(1, user);
      expect((await begin(user)).body.data).toEqual({ user_id: user, token: 10, status: 'accessible' });
      await post(`/api/user-wallets/${user}/package`, { package: catalog.lacking });
      expect(await told({})).toEqual([15, 'Feature endpoint is not available in your package']);
    });

    it('charges output four to one, rounded up, and books below zero', async () => {
      const user = await gift(3);
      const costs: unknown[] = [];
      for (const output of [1, 4, 5, 400]) costs.push((await finish(user, output)).body.data.cost);
      expect(costs).toEqual([1, 1, 2, 100]);
      expect(await wallet(user)).toMatchObject({ balance: '-101' });
      await gift(200, user);
      expect((await begin(user)).body.data).toMatchObject({ token: 99, status: 'accessible' });
    });

    it('books nothing when both counts are 0, and records input that costs nothing', async () => {
      const user = await gift(10);
      const before = (await entries(user)).length;
      const nothing = await finish(user, 0, { input_token: 0 });
      expect([nothing.status, nothing.body.data]).toEqual([
        200,
        { user_id: user, token: 10, cost: 0, status: 'returnable' },
      ]);
      expect(await entries(user)).toHaveLength(before);
      expect((await finish(user, 0)).body.data).toEqual({ user_id: user, token: 10, cost: 0, status: 'returnable' });
      expect((await entries(user))[0]).toMatchObject({ amount: '0', rate: { inputs: { input_tokens: '100' } } });
    });

    it('is not returnable for an unknown endpoint, and 404 for an unknown wallet', async () => {
      const user = await gift(10);
      expect((await finish(user, 400, { feature_endpoint_id: 'nowhere' })).body.data).toEqual({
        user_id: user,
        token: 10,
        cost: 100,
        status: 'not-returnable',
        message: 'Feature endpoint not found',
      });
      for (const output of [0, 400]) {
        const unknown = await finish(newUser(), output, { input_token: 0 });
        expect([unknown.status, unknown.body]).toEqual([
          404,
          { success: false, status: 404, message: 'User wallet not found' },
        ]);
      }
      expect(await wallet(user)).toMatchObject({ balance: '10' });
    });

    it('keeps the rate version, inputs and model, so that the cost can be explained', async () => {
      const user = await gift(500);
      const { id } = await create('token-profits', { percentage: 10 });
      expect((await finish(user, 400, { model: 'gemini-pro' })).body.data).toMatchObject({ cost: 110 });
      await tools.server.patch(`/api/token-profits/${String(id)}`, { percentage: 20 });
      const more = await create('token-profits', { percentage: 0.5 });
      expect((await finish(user, 400)).body.data).toMatchObject({ cost: 121 });
      await tools.server.delete(`/api/token-profits/${String(more['id'])}`);
      await tools.server.patch(`/api/token-profits/${String(id)}`, { is_active: false });
      expect((await finish(user, 400)).body.data).toMatchObject({ cost: 100, token: 500 - 110 - 121 - 100 });
      const [plain, , tenth] = await entries(user);
      const explained = await tools.server.get<{ steps: unknown[] }>(`/v1/entries/${String(tenth?.['id'])}/explain`);
      expect(explained.body).toMatchObject({
        inputs: {
          model: 'gemini-pro',
          feature_endpoint_id: catalog.endpoint,
          input_tokens: '100',
          output_tokens: '400',
        },
        result: '-110',
      });
      expect(explained.body.steps).toContainEqual({
        step: 'cost',
        formula: 'ceil(100 + 100 × 1000 / 10000)',
        result: '110',
      });
      expect((await tools.server.get(`/v1/entries/${String(plain?.['id'])}/explain`)).body).toMatchObject({
        result: '-100',
      });
    });
  });

  describe('an estimate', () => {
    it('is reserved by start, never from overdraft, and settled by end', async () => {
      const user = await gift(100);
      const started = await begin(user, { estimate: 60 });
      expect(started.body.data).toMatchObject({
        token: 100,
        status: 'accessible',
        hold_id: expect.any(String),
        expires_at: expect.any(String),
      });
      expect(await wallet(user)).toMatchObject({ balance: '100', held: '60' });
      expect((await begin(user, { estimate: 41 })).body.data).toEqual({
        user_id: user,
        token: 100,
        status: 'not-accessible',
        message: 'Insufficient tokens. Required: 41, Available: 40',
      });
      const { hold_id } = started.body.data;
      expect((await finish(user, 200, { hold_id })).body.data).toEqual({
        user_id: user,
        token: 50,
        cost: 50,
        status: 'returnable',
      });
      expect(await wallet(user)).toMatchObject({ balance: '50', held: '0' });
      // Sent again without a key: the hold names it, so that it is booked once.
      const again = await finish(user, 200, { hold_id });
      expect([again.body.data['token'], again.headers.get('idempotent-replay')]).toEqual([50, 'true']);
      const otherKey = await finish(user, 200, { hold_id }, { 'idempotency-key': 'another' });
      expect([otherKey.status, otherKey.body]).toEqual([
        409,
        { success: false, status: 409, message: expect.any(String) },
      ]);
      expect(await wallet(user)).toMatchObject({ balance: '50' });
    });

    it('is checked as any start is, and of 0 reserves nothing', async () => {
      const user = newUser();
      expect((await begin(user, { estimate: 5 })).body.data).toMatchObject({
        token: 0,
        message: 'Insufficient tokens. Required: 10, Available: 0',
      });
      await gift(50, user);
      expect((await begin(user, { estimate: 0 })).body.data).toEqual({
        user_id: user,
        token: 50,
        status: 'accessible',
      });
      expect((await begin(user, { estimate: 5, feature_endpoint_id: 'nowhere' })).body.data).toMatchObject({
        token: 0,
        message: 'Feature endpoint not found',
      });
      await post(`/api/user-wallets/${user}/package`, { package: catalog.lacking });
      expect((await begin(user, { estimate: 5 })).body.data).toEqual({
        user_id: user,
        token: 55,
        status: 'not-accessible',
        message: 'Feature endpoint is not available in your package',
      });
      expect(await wallet(user)).toMatchObject({ held: '0' });
    });

    it('of another user or of nobody cannot be settled', async () => {
      const [user, thief] = [await gift(100), await gift(100)];
      const { hold_id } = (await begin(user, { estimate: 60 })).body.data;
      for (const named of [hold_id, 'h-1-2-3', 'x']) {
        const { status, body } = await finish(thief, 4, { hold_id: named });
        expect([status, body]).toEqual([404, { success: false, status: 404, message: 'Hold not found' }]);
      }
      expect([await wallet(user), await wallet(thief)]).toMatchObject([{ held: '60' }, { balance: '100', held: '0' }]);
    });
  });

  describe('a package that forbids overdraft', () => {
    it('makes an end that the balance does not cover not returnable, from the change of the package on', async () => {
      const user = newUser();
      const given = await post(`/api/user-wallets/${user}/package`, { package: catalog.forbid });
      expect([given.status, given.body.data]).toEqual([
        200,
        { user_id: user, package: catalog.forbid, package_expires_at: null, token: 100 },
      ]);
      const refused = await finish(user, 404);
      expect(refused.body.data).toEqual({
        user_id: user,
        token: 100,
        cost: 101,
        status: 'not-returnable',
        message: 'Insufficient tokens. Required: 101, Available: 100',
      });
      await tools.server.patch(`/api/packages/${catalog.forbid}`, { overdraft: 'allow' });
      expect((await finish(user, 404)).body.data).toMatchObject({ token: -1, cost: 101, status: 'returnable' });
      await tools.server.patch(`/api/packages/${catalog.forbid}`, { overdraft: 'forbid' });
      expect((await finish(user, 4)).body.data).toMatchObject({ status: 'not-returnable', cost: 1 });
    });

    // Guarantee: racing ends never spend one unit twice (surfaces §0.7).
    it('is not overspent by 64 racing ends', async () => {
      const user = newUser();
      await post(`/api/user-wallets/${user}/package`, { package: catalog.forbid });
      const ended = await Promise.all(Array.from({ length: 64 }, () => finish(user, 12)));
      const statuses = ended.map(({ body }) => body.data['status']);
      expect(statuses.filter((status) => status === 'returnable')).toHaveLength(33);
      expect(statuses.filter((status) => status === 'not-returnable')).toHaveLength(31);
      expect(await wallet(user)).toMatchObject({ balance: '1' });
    });
  });

  describe('a repeat under an Idempotency-Key', () => {
    it('gets the first answer, whatever happened since, and 409 with another body', async () => {
      const user = await gift(100);
      const headers = { 'idempotency-key': 'e1' };
      const [first, concurrent] = await Promise.all([finish(user, 40, {}, headers), finish(user, 40, {}, headers)]);
      expect(concurrent.body).toEqual(first.body);
      await gift(7, user);
      const endpoint = `closed-${run}`;
      await create('feature-endpoints', { id: endpoint, feature: catalog.feature, path: '/x' });
      const under = { feature_endpoint_id: endpoint };
      const open = [
        await finish(user, 4, under, { 'idempotency-key': 'e2' }),
        await begin(user, { ...under, estimate: 3 }, { 'idempotency-key': 's1' }),
      ];
      await tools.server.delete(`/api/feature-endpoints/${endpoint}`);
      const closed = [
        await finish(user, 4, under, { 'idempotency-key': 'e2' }),
        await begin(user, { ...under, estimate: 3 }, { 'idempotency-key': 's1' }),
      ];
      expect(closed.map(({ body }) => body)).toEqual(open.map(({ body }) => body));
      expect(closed.map(({ headers: sent }) => sent.get('idempotent-replay'))).toEqual(['true', 'true']);
      expect((await finish(user, 4, under, { 'idempotency-key': 'new' })).body.data).toMatchObject({
        status: 'not-returnable',
        message: 'Feature endpoint not found',
      });
      const again = await finish(user, 40, {}, headers);
      expect([again.status, again.body, again.headers.get('idempotent-replay')]).toEqual([200, first.body, 'true']);
      const other = await finish(user, 44, {}, headers);
      expect([other.status, other.body]).toEqual([409, { success: false, status: 409, message: expect.any(String) }]);
      expect(await wallet(user)).toMatchObject({ balance: '96', held: '3' });
    });

    it('is booked once after what was refused: a refusal is not kept', async () => {
      const user = newUser();
      const headers = { 'idempotency-key': 'later' };
      expect((await begin(user, { estimate: 20 }, headers)).body.data).toMatchObject({ status: 'not-accessible' });
      await gift(50, user);
      const first = await begin(user, { estimate: 20 }, headers);
      const again = await begin(user, { estimate: 20 }, headers);
      expect(again.body).toEqual(first.body);
      expect(await wallet(user)).toMatchObject({ held: '20' });
    });
  });

  giftsAndCatalog(tools);

  refusesBadTokenProcesses(tools);
}
