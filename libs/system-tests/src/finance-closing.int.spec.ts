import { createHash } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { EmbeddedPlatform } from './harness/embedded.ts';

type Step = {
  readonly number: number;
  readonly type: string;
  readonly as_of: string | null;
  readonly figures: string | null;
  readonly hash: string | null;
  readonly entry: string | null;
  readonly by: string;
};
let platform: EmbeddedPlatform;
let [first, second] = ['', ''];
let border = 0;
beforeAll(async () => {
  platform = await EmbeddedPlatform.start({ TEST_CLOCK: '1' });
  const start = await now();
  border = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1);
  [first, second] = [start.toISOString().slice(0, 7), new Date(border).toISOString().slice(0, 7)];
}, 60_000);
afterAll(() => platform?.stop());

const now = async (): Promise<Date> =>
  new Date((await platform.server.get<{ now: string }>('/v1/test-clock')).body.now);
const advance = (seconds: number) => platform.server.post('/v1/test-clock/advance', { seconds });
const advanceTo = async (at: number) => advance(Math.ceil((at - (await now()).getTime()) / 1000));
const path = (period: string) => `/api/admin/billing/periods/${period}`;
async function ok<T>(answer: Promise<{ readonly status: number; readonly body: T }>): Promise<T> {
  const { status, body } = await answer;
  expect(status < 300 ? null : body).toBeNull();
  return body;
}
const close = async (period: string): Promise<Step> =>
  (await ok(platform.server.post<{ data: Step }>(`${path(period)}/close`))).data;
const refusal = async (answer: Promise<{ readonly status: number; readonly body: unknown }>): Promise<string> => {
  const { status, body } = await answer;
  expect(status).toBe(409);
  return JSON.stringify(body);
};
async function figures<Row = Readonly<Record<string, string | null>>>(
  view: string,
  query = '',
): Promise<readonly Row[]> {
  return (
    await ok(platform.server.get<{ data: { items: readonly Row[] } }>(`/api/admin/billing/finance/${view}${query}`))
  ).data.items;
}
const revenue = async (): Promise<readonly string[]> =>
  (await figures('revenue')).map(
    ({ month, kind, count, amount, adjusts }) =>
      `${month} ${kind} ${count} ${amount}${adjusts == null ? '' : ` of ${adjusts}`}`,
  );
const card = (user: string) =>
  ok(platform.server.put(`/api/admin/billing/customers/${user}`, { payment_method: 'pm_card_visa' }));

describe('a month', () => {
  // Guarantee: what was reported of a closed month never changes; what changes of it is told in the open one, once.
  it('is closed when nothing stands against it, stays as it was, and is opened again for a reason', async () => {
    await card('ann');
    await ok(platform.server.post('/api/token-billing/process-usage', { userId: 'ann', tokensUsed: 17_000_000 }));
    await ok(platform.server.post('/api/token-billing/process-usage', { userId: 'late', tokensUsed: 9_000_000 }));
    await waitFor('two payments', async () => (await figures('payments')).length === 2);
    const { items } = await ok(
      platform.server.get<{ items: readonly { id: string; kind: string }[] }>('/v1/accounts/metered%3Aann/entries'),
    );
    await ok(
      platform.server.post(`/v1/entries/${items.findLast(({ kind }) => kind === 'spent')?.id}/correct`, {
        reason: 'reported twice',
        amount: '2000000',
      }),
    );
    await waitFor('the credit', async () => (await figures('credit_notes')).length === 1);
    expect(await refusal(platform.server.post(`${path(first)}/close`))).toContain('ended: the month takes usage until');

    await advanceTo(border + 3_600_000 + 120_000);
    expect(await refusal(platform.server.post(`${path(first)}/close`))).toMatch(
      /proposals: refund [0-9a-f-]{36} of 100\.00 BRL is proposed/,
    );
    expect(await refusal(platform.server.post(`${path(first)}/reopen`, { reason: 'too early' }))).toContain(
      'PERIOD_NOT_CLOSED',
    );
    const looked = await platform.cli('close', '--period', first, '--check');
    expect([looked.how, looked.output]).toEqual([
      'exit code 1',
      expect.stringContaining('trial_balance: nothing open'),
    ]);
    await ok(platform.server.post(`/api/admin/billing/refunds/${(await figures('refunds'))[0]?.['id']}/approve`));
    await waitFor('the refund', async () => (await figures('refunds'))[0]?.['status'] === 'succeeded');
    await advance(120);

    // Nobody else opens the account of the closings otherwise.
    expect(
      await refusal(platform.server.post('/v1/accounts', { id: 'books:closed-months', kind: 'quota', unit: 'byte' })),
    ).toContain('ACCOUNT_ID_RESERVED');
    const ours = '/v1/accounts/books%3Aclosed-months';
    const usage = { source: '/x', id: '1', type: 'request', subject: 'books:closed-months', data: { quantity: 1 } };
    const cloudEvent = { 'content-type': 'application/cloudevents+json' };
    for (const answer of [
      platform.server.post('/v1/accounts', { id: 'books:closed-months', kind: 'wallet', unit: 'closed month' }),
      platform.server.patch(ours, { settings: { limit: '0' } }),
      platform.server.patch(ours, { status: 'closed', reason: 'to be in the way' }),
      platform.server.post(`${ours}/grants`, { amount: '1', reason: 'a month more' }),
      platform.server.post(`${ours}/spend`, { amount: '1' }),
      platform.server.post(`${ours}/holds`, { amount: '1', expires_in_s: 60 }),
      platform.server.post('/v1/events', { specversion: '1.0', ...usage }, cloudEvent),
    ])
      expect(await refusal(answer)).toContain('ACCOUNT_ID_RESERVED');
    const closed = await close(first);
    const atClose = [`${first} credit 1 -100.00`, `${first} usage 2 200.00`];
    expect([closed.number, closed.type, await revenue()]).toEqual([1, 'closed', atClose]);
    const kept = JSON.parse(closed.figures ?? '') as {
      revenue: readonly object[];
      cash: readonly object[];
      open_receivables: readonly object[];
      exports: Record<string, string>;
    };
    expect(kept).toMatchObject({
      period: first,
      cash: [{ currency: 'BRL', kind: 'payment', count: 2, amount_minor: '20000' }],
      open_receivables: [{ currency: 'BRL', kind: 'usage', count: 1, amount_minor: '10000' }],
      revenue: [
        { kind: 'credit', amount: '-100.00' },
        { kind: 'usage', amount: '200.00' },
      ],
    });
    expect(
      createHash('sha256')
        .update(closed.figures ?? '')
        .digest('hex'),
    ).toBe(closed.hash);

    // The hash is in the identity of an entry, which is sealed and whose leaf is proven.
    const booked = await platform.rows<{ request_id: string; partition_seq: string; partition: number }>(
      "select request_id, partition, partition_seq from ledger.entries where partition || '-' || partition_seq = $1",
      [closed.entry],
    );
    expect(booked).toEqual([expect.objectContaining({ request_id: `${first}:1:${closed.hash}` })]);
    const proof = await waitFor('its seal', async () => {
      const { status, body } = await platform.server.get<{ leaf: string }>(`/v1/entries/${closed.entry}/proof`);
      return status === 200 && body;
    });
    expect(JSON.stringify(proof)).toContain(closed.hash);

    // Later: a payment, and another correction of the closed month.
    const exported = async () =>
      (await platform.cli('finance', 'export', 'charges', '--month', first, '--as-of', first)).output;
    const before = await exported();
    expect(createHash('sha256').update(before).digest('hex')).toBe(kept.exports['charges']);
    await advance(60);
    await card('late');
    await waitFor('the late payment', async () => (await figures('payments')).length === 3);
    expect(await revenue()).toEqual([...atClose, `${second} usage 1 100.00 of ${first}`]);
    expect([await close(first), await exported()]).toEqual([closed, before]);
    expect(await figures('revenue', `?as_of=${first}&month=${first}`)).toEqual(kept.revenue);
    const again = await platform.cli('close', '--period', first, '--json');
    expect(JSON.parse(again.output)).toEqual(closed);

    // Kept in the next month, it is in no third one, and in no other sum.
    await advanceTo(
      Date.UTC(new Date(border).getUTCFullYear(), new Date(border).getUTCMonth() + 1, 1) + 3_600_000 + 120_000,
    );
    // A refund that was proposed after its month was closed is decided before the month that tells of it is.
    const usedByAnn = items.findLast(({ kind }) => kind === 'spent')?.id ?? '';
    await ok(
      platform.server.post(`/v1/entries/${usedByAnn}/correct`, { reason: 'not used at all', amount: '7000001' }),
    );
    const proposed = await waitFor('the second credit', async () =>
      (await figures('refunds')).find(({ status }) => status === 'proposed'),
    );
    expect(await refusal(platform.server.post(`${path(second)}/close`))).toContain(
      `proposals: refund ${proposed['id']}`,
    );
    await ok(platform.server.post(`/api/admin/billing/refunds/${proposed['id']}/approve`));
    await waitFor('the refunds', async () => (await figures('refunds')).every(({ status }) => status === 'succeeded'));
    await advance(120);
    const later = [`${second} credit 1 -100.00 of ${first}`, `${second} usage 1 100.00 of ${first}`];
    expect((await close(second)).number).toBe(1);
    expect(await revenue()).toEqual([...atClose, ...later]);
    expect(
      await platform.rows(
        'select balance_after::int as months from ledger.entries e join ledger.accounts a using (partition, ' +
          "account) where a.id = 'books:closed-months' order by seq desc limit 1",
      ),
    ).toEqual([{ months: 2 }]);

    // Opened again: what was told elsewhere stays there.
    const reopened = await ok(
      platform.server.post<{ data: Step }>(`${path(first)}/reopen`, { reason: 'a report was wrong' }),
    );
    expect(reopened.data).toMatchObject({ number: 2, type: 'reopened', reason: 'a report was wrong' });
    expect(await revenue()).toEqual([...atClose, ...later]);
    expect((await close(first)).number).toBe(3);
    for (const table of ['closings', 'closing_entries'])
      await expect(platform.rows(`delete from billing.${table}`)).rejects.toThrow('append-only');
    expect((await platform.cli('verify-chain')).how).toBe('exit code 0');
    expect((await platform.cli('rebuild', '--check')).how).toBe('exit code 0');
  }, 180_000);
});
