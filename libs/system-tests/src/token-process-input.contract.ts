import { describe, expect, it } from '@jest/globals';

import type { Body, TokenProcessTools } from './harness/token-process-tools.ts';
import { end, newUser, run, start } from './harness/token-process-tools.ts';

/** Bad input to a token process (surfaces §2). */
export function refusesBadTokenProcesses(tools: TokenProcessTools): void {
  const { catalog, post, begin, finish, gift, wallet } = tools;

  describe('bad input to a token process', () => {
    const invalid = [undefined, null, 1, true, [], {}, '', 'x'.repeat(129), 'a\u0001b', 'a\u0000b', '\ud800'];
    const counts = [undefined, null, '1', true, [], {}, -1, 0.5, 1e300, 2 ** 53];
    const cases: readonly (readonly [path: string, member: string, values: readonly unknown[]])[] = [
      [start, 'user_id', invalid],
      [start, 'feature_endpoint_id', invalid],
      [start, 'estimate', counts.slice(1)],
      [start, 'expires_in_s', [null, '1', 0, -1, 1.5, 1e9]],
      [end, 'user_id', invalid],
      [end, 'feature_endpoint_id', invalid],
      [end, 'input_token', counts],
      [end, 'output_token', counts],
      [end, 'model', invalid.slice(1, -4).concat('x'.repeat(256), 'a\u0001b')],
      [end, 'hold_id', [null, 1, '', 'x'.repeat(201)]],
      ['/api/user-wallets/give-bonus-token', 'token', [...counts, 0]],
      ['/api/user-wallets/give-bonus-token', 'user_id', invalid],
      ['/api/user-wallets/give-initial-token', 'token', [...counts.slice(1), 0]],
      ['/api/user-wallets/give-initial-token', 'user_id', invalid],
      ['/api/token-profits', 'percentage', [undefined, null, '1', -1, 100.01, 0.001, 1e300]],
      ['/api/packages', 'duration_days', ['1', 0, -1, 1.5, 1e9]],
      ['/api/packages', 'overdraft', [null, '', 'maybe', 1]],
      ['/api/packages', 'features', [undefined, null, 'x', [1], [''], [null]]],
      ['/api/packages', 'token', counts],
      ['/api/feature-endpoints', 'minimum_token', counts.slice(1)],
      ['/api/features', 'name', [undefined, null, 1, '', 'x'.repeat(256), 'a\u0001']],
    ];

    it.each(cases)('%s refuses every wrong %s with its name, and books nothing', async (path, member, values) => {
      const user = await gift(1_000);
      const whole: Record<string, unknown> = {
        user_id: user,
        feature_endpoint_id: catalog.endpoint,
        input_token: 1,
        output_token: 4,
        token: 1,
        name: 'n',
        path: '/x',
        feature: catalog.feature,
        features: [],
        percentage: 1,
        estimate: 5,
      };
      if (path.endsWith('give-initial-token')) delete whole['estimate'];
      const before = await wallet(user);
      for (const value of values) {
        const { status, body } = await post(path, { ...whole, [member]: value });
        expect([JSON.stringify(value)?.slice(0, 20), status, body]).toEqual([
          JSON.stringify(value)?.slice(0, 20),
          400,
          {
            success: false,
            status: 400,
            message: 'Validation Error',
            sources: expect.any(Array),
          },
        ]);
        const sources = body.sources?.map((source) => source.path.split('.')[0]);
        // What no JSON text may hold is refused before its members are looked at.
        expect(sources).toEqual(expect.arrayContaining([sources?.[0] === '' ? '' : member]));
      }
      expect(await wallet(user)).toEqual(before);
    });

    it('keeps the envelope of the surface, also before routing', async () => {
      const raw = (path: string, body: string, type: string) =>
        tools.server.raw<Body>(path, body, { 'content-type': type });
      const answers = [
        [400, await raw(start, '{"user_id":', 'application/json')],
        [400, await raw(start, '', 'application/json')],
        [400, await raw(start, '[]', 'application/json')],
        [400, await raw(end, `{"a":${'['.repeat(70)}${']'.repeat(70)}}`, 'application/json')],
        [413, await raw(start, JSON.stringify({ user_id: 'x'.repeat(1_100_000) }), 'application/json')],
        [415, await raw(start, 'a=1', 'text/plain')],
        [404, await tools.server.post<Body>('/api/token-process/nothing', {})],
        [405, await tools.server.get<Body>(start)],
        [404, await tools.server.get<Body>('/api/packages/a/b')],
        [400, await tools.server.get<Body>('/api/features?limit=x')],
      ] as const;
      for (const [status, reply] of answers)
        expect([reply.status, reply.body]).toEqual([
          status,
          expect.objectContaining({ success: false, status, message: expect.any(String) }),
        ]);
    });

    it('takes ids of any script, and members that it does not know', async () => {
      for (const name of [`ид-${run}`, `用户/${run}%`, '😀'.repeat(128)]) {
        const user = name.startsWith('😀') ? name : name + newUser();
        await gift(20, user);
        expect((await begin(user, { unknown: true })).body.data).toMatchObject({ user_id: user, status: 'accessible' });
        expect((await finish(user, 4)).body.data).toMatchObject({ user_id: user, cost: 1 });
      }
    });
  });
}
