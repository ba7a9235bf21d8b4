import { describe, expect, it } from '@jest/globals';

import type { KeyData } from './harness/licence-key-tools.ts';
import { expired, licenceKeyTools } from './harness/licence-key-tools.ts';
import type { Platform } from './harness/platform.ts';
import { licenceKeyHistory } from './licence-key-history.contract.ts';

/** The licence-key surface, as its document and surfaces §1 promise it. */
export function licenceKeysJourney(platform: () => Platform): void {
  describe('licence keys', () => {
    const tools = licenceKeyTools(platform);
    const { create, assigned, use, refusal, addTokens } = tools;

    it('take one token of their owner', async () => {
      const { license_key: key } = await assigned(100);
      const { status, body } = await use(tools.owner.client, key, {
        purpose: 'API request',
        metadata: { endpoint: '/api/data' },
      });
      expect(status).toBe(200);
      expect(body).toEqual({
        success: true,
        message: 'Token used successfully',
        data: { license_key: key, previous_balance: 100, new_balance: 99, tokens_used: 1 },
      });
      expect((await platform().server.get(`/v1/accounts/licence:${key}`)).body).toMatchObject({
        kind: 'licence',
        balance: '99',
      });
    });

    it.each([
      ['no', {}],
      ['an empty', { authorization: 'Bearer ' }],
      ['a half', { authorization: 'Bearer eyJhbGciOiJIUzI1NiJ9' }],
      ['a malformed', { authorization: 'nonsense' }],
      ['an invalid', { authorization: 'Bearer abc.def.ghi' }],
      ['a long expired', { authorization: `Bearer ${expired}` }],
    ])('are refused with %s bearer before anything else is looked at', async (_, headers) => {
      const { status, body } = await use(platform().anybody.with(headers), 'NO-SUCH-KEY');
      expect(status).toBe(401);
      expect(body).toEqual(refusal(expect.any(String)));
    });

    it('are looked for, then their owner, then their status, then their balance', async () => {
      const unknown = await use(tools.owner.client, 'NO-SUCH-KEY');
      expect([unknown.status, unknown.body]).toEqual([404, refusal('License key not found')]);
      // Inactive and empty, but that is not the stranger's to know.
      const { license_key: unassigned } = await create(0);
      const foreign = await use(tools.other.client, unassigned);
      expect([foreign.status, foreign.body]).toEqual([
        403,
        refusal('You do not have permission to use this license key'),
      ]);
      // Assigning makes a key active whatever its balance.
      const { license_key: empty } = await assigned(0);
      const insufficient = await use(tools.owner.client, empty);
      expect([insufficient.status, insufficient.body]).toEqual([400, refusal('Insufficient token balance')]);
    });

    it('turn inactive with their last token, and active again when tokens are added', async () => {
      const { license_key: key } = await assigned(1);
      const last = await use(tools.owner.client, key);
      expect([last.status, last.body]).toMatchObject([200, { data: { previous_balance: 1, new_balance: 0 } }]);
      const next = await use(tools.owner.client, key);
      expect([next.status, next.body]).toEqual([400, refusal('License key is not active')]);

      expect((await addTokens(key, 5)).body.data).toMatchObject({ status: 'active', token_balance: 5 });
      expect((await use(tools.owner.client, key)).body).toMatchObject({ data: { new_balance: 4 } });
    });

    it('stay a trial when tokens are added to a running one', async () => {
      const { license_key: key } = await assigned(3);
      const trial = await tools.admin.post<KeyData>(`/api/admin/license-keys/${key}/trial`, {
        trial_days: 7,
        token_balance: 2,
      });
      expect([trial.status, trial.body.data]).toMatchObject([200, { status: 'trial', token_balance: 2 }]);
      expect((await addTokens(key, 5)).body.data).toMatchObject({ status: 'trial', token_balance: 7 });
      expect((await use(tools.owner.client, key)).status).toBe(200);
    });

    it('answer a repeat under one key with the first answer, and another body with 409', async () => {
      const { license_key: key } = await assigned(2);
      const headers = { 'idempotency-key': 'once' };
      const first = await use(tools.owner.client, key, { purpose: 'a' }, headers);
      const again = await use(tools.owner.client, key, { purpose: 'a' }, headers);
      expect([again.status, again.body, again.headers.get('idempotent-replay')]).toEqual([200, first.body, 'true']);
      expect((await use(tools.owner.client, key, { purpose: 'b' }, headers)).status).toBe(409);
      expect((await use(tools.owner.client, key)).body).toMatchObject({ data: { new_balance: 0 } });
      // The call that spent a token is not told "not active" because the last one is gone since.
      expect((await use(tools.owner.client, key, { purpose: 'a' }, headers)).body).toEqual(first.body);
    });

    licenceKeyHistory(tools);

    it('tell anybody who has one whether it is valid', async () => {
      const { license_key: key } = await create(5);
      const validate = async (asked: string): Promise<unknown> => {
        const { status, body } = await platform().anybody.get<{ data: unknown }>(`/api/license/validate/${asked}`);
        return status === 200 ? body.data : status;
      };
      const known = {
        license_key: key,
        exists: true,
        is_valid: true,
        is_assigned: false,
        status: 'active',
        token_balance: 5,
        price_per_token: null,
        valid: true,
      };
      expect(await validate(key.toLowerCase())).toEqual(known);
      await tools.owner.client.post('/api/user/assign-license', { license_key: key });
      expect(await validate(key)).toEqual({ ...known, is_assigned: true, assigned_to_user_id: tools.owner.id });
      await tools.admin.post(`/api/admin/license-keys/${key}/trial`, { trial_days: 3, token_balance: 2 });
      expect(await validate(key)).toEqual({
        ...known,
        is_assigned: true,
        assigned_to_user_id: tools.owner.id,
        status: 'trial',
        token_balance: 2,
        trial_expires_at: expect.stringMatching(/^\d{4}-.*Z$/),
      });
      await use(tools.owner.client, key);
      await use(tools.owner.client, key);
      expect(await validate(key)).toMatchObject({
        exists: true,
        is_valid: false,
        valid: false,
        status: 'inactive',
        token_balance: 0,
      });
      expect(await validate('NO-SUCH-KEY')).toEqual({
        license_key: 'NO-SUCH-KEY',
        exists: false,
        is_valid: false,
        is_assigned: false,
        status: null,
        token_balance: 0,
        price_per_token: null,
        valid: false,
      });
    });

    it('are shown to their owner one by one, and are not there for others', async () => {
      const { license_key: key, id } = await assigned(6);
      const item = { id, license_key: key, token_balance: 6, status: 'active' };
      for (const path of [`/api/license/key/${key}`, `/api/license/${id}`]) {
        const own = await tools.owner.client.get(path);
        expect([own.status, own.body]).toEqual([200, { success: true, data: item }]);
        const others = await tools.other.client.get(path);
        expect([others.status, others.body]).toEqual([404, refusal('License key not found')]);
        expect((await platform().anybody.get(path)).status).toBe(401);
      }
      for (const path of [
        '/api/license/key/NO-SUCH-KEY',
        '/api/license/no-id',
        '/api/license/7d0f2c1a-52a7-4f43-9a57-0d2cf8a4a6c1',
      ]) {
        expect((await tools.owner.client.get(path)).status).toBe(404);
      }
      expect((await platform().anybody.get('/api/license/a/b/c')).body).toEqual(refusal(expect.any(String)));
    });

    it('can be assigned once, and are empty and inactive after they are taken back', async () => {
      const { license_key: key } = await assigned(4);
      const taken = await tools.other.client.post('/api/user/assign-license', { license_key: key });
      expect([taken.status, taken.body]).toEqual([400, refusal('License key is already assigned')]);
      const freed = await tools.admin.post<KeyData>(`/api/admin/license-keys/${key}/unassign`);
      expect(freed.body.data).toMatchObject({ status: 'inactive', token_balance: 0 });
      expect((await use(tools.owner.client, key)).status).toBe(403);
    });
  });
}
