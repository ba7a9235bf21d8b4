import { describe, expect, it } from '@jest/globals';

import type { Platform } from './harness/platform.ts';

type Result = {
  readonly id?: string;
  readonly status: number;
  readonly replayed?: boolean;
  readonly entry?: { readonly amount: string; readonly balance_after: string };
  readonly available?: string;
  readonly problem?: { readonly code: string; readonly detail: string };
};

/** Many spends in one call: each as its single call, whatever becomes of the others. */
export function spendsMany(platform: () => Platform): void {
  const spends = (items: unknown) => platform().server.post<{ results: readonly Result[] }>('/v1/spends', items);
  const wallet = async (id: string, units: string): Promise<void> => {
    const { server } = platform();
    expect((await server.post('/v1/accounts', { id, kind: 'wallet', unit: 'token' })).status).toBe(201);
    expect((await server.post(`/v1/accounts/${id}/grants`, { amount: units, reason: 'start' })).status).toBe(201);
  };
  const codes = (results: readonly Result[]) =>
    results.map(({ status, problem, replayed }) =>
      `${status}${replayed ? ' again' : ''} ${problem?.code ?? ''}`.trim(),
    );

  describe('many spends in one call', () => {
    it('are booked in their order, each refused or rated by itself', async () => {
      await wallet('many-1', '100');
      await wallet('many-2', '40');
      const { status, body } = await spends([
        { account: 'many-1', amount: '60', id: 'a' },
        { account: 'many-2', usage: { model: 'm', input_tokens: 10, output_tokens: 81 } },
        { account: 'many-1', amount: '60' },
        { account: 'many-1', amount: '40', metadata: { feature: 'chat' } },
        { account: 'nobody-here', amount: '1', id: 'd' },
        { account: 'many-1', amount: '0', id: 'e' },
        { account: 'many-1', amount: '1', usage: {} },
        { account: 'many-1' },
        7,
        null,
      ]);
      expect(status).toBe(200);
      expect(codes(body.results)).toEqual([
        '200',
        '200',
        '402 ALLOWANCE_EXHAUSTED',
        '200',
        '404 ACCOUNT_UNKNOWN',
        '400 AMOUNT_OUT_OF_RANGE',
        ...Array.from({ length: 4 }, () => '400 REQUEST_INVALID'),
      ]);
      // 81 output tokens cost ceil(81 / 4) = 21 of the 40.
      expect(body.results[1]).toMatchObject({ entry: { amount: '-21', balance_after: '19' }, available: '19' });
      expect(body.results.map(({ id }) => id ?? null)).toEqual([
        'a',
        null,
        null,
        null,
        'd',
        'e',
        null,
        null,
        null,
        null,
      ]);
      expect((await platform().server.get('/v1/accounts/many-1')).body).toMatchObject({ balance: '0' });
    });

    it('under ids are booked once, also when one of them was or is sent as a single call', async () => {
      await wallet('many-3', '1000');
      const items = Array.from({ length: 100 }, (_, n) => ({ account: 'many-3', amount: '2', id: `once-${n}` }));
      const all = await Promise.all([spends(items), spends(items), spends([...items].reverse())]);
      for (const { body } of all) expect(body.results.every(({ status }) => status === 200)).toBe(true);
      const single = await platform().server.post(
        '/v1/accounts/many-3/spend',
        { amount: '2' },
        { 'idempotency-key': 'once-7' },
      );
      expect([single.status, single.headers.get('idempotent-replay')]).toEqual([200, 'true']);
      const [again, other] = (
        await spends([
          { account: 'many-3', amount: '2', id: 'once-9' },
          { account: 'many-3', amount: '3', id: 'once-9' },
        ])
      ).body.results;
      expect([again?.status, again?.replayed, other?.status, other?.problem?.code]).toEqual([
        200,
        true,
        409,
        'IDEMPOTENCY_KEY_REUSED',
      ]);
      expect((await platform().server.get('/v1/accounts/many-3')).body).toMatchObject({ balance: '800' });
    });

    it('are 1 to 1,000 in an array, with keys of their own, for all who may spend', async () => {
      const { server, anybody } = platform();
      for (const body of [{}, [], { account: 'many-1', amount: '1' }, Array.from({ length: 1_001 }, () => ({}))])
        expect((await spends(body)).status).toBe(400);
      const keyed = await server.post('/v1/spends', [{ account: 'many-1', amount: '1' }], { 'idempotency-key': 'k' });
      expect([keyed.status, keyed.body]).toEqual([400, expect.objectContaining({ code: 'REQUEST_INVALID' })]);
      expect((await anybody.post('/v1/spends', [{ account: 'many-1', amount: '1' }])).status).toBe(401);
    });
  });
}
