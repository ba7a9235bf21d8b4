import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { EmbeddedPlatform } from './harness/embedded.ts';

const M = 1_000_000;
type Usage = {
  readonly account: string;
  readonly ledger_units: string;
  readonly counted_units: string;
  readonly included_units: string;
  readonly billed_units: string;
  readonly unbilled_units: string;
  readonly goodwill_units: string;
  readonly difference: string;
};
let platform: EmbeddedPlatform;
beforeAll(async () => void (platform = await EmbeddedPlatform.start({ TEST_CLOCK: '1' })));
afterAll(() => platform?.stop());

const at = (id: string): string => `/v1/accounts/${encodeURIComponent(id)}`;
async function done<T = unknown>(path: string, body: object): Promise<T> {
  const { status, body: answer } = await platform.server.post<T>(path, body);
  expect(status < 300 ? null : { path, body, status, answer }).toBeNull();
  return answer;
}
const open = (id: string, kind: string, settings: object = {}) =>
  done('/v1/accounts', { id, kind, unit: 'tokens', settings });
const spend = (account: string, amount: number) =>
  done<{ entry: { id: string } }>(`${at(account)}/spend`, { amount: String(amount) });
const usage = async (): Promise<readonly Usage[]> =>
  (await platform.server.get<{ data: { items: readonly Usage[] } }>('/api/admin/billing/finance/usage')).body.data
    .items;
const lines = async (): Promise<readonly string[]> =>
  (await usage())
    .map((row) =>
      [
        row.account,
        row.ledger_units,
        row.included_units,
        row.billed_units,
        row.unbilled_units,
        row.goodwill_units,
        row.difference,
      ].join(' '),
    )
    .sort();

// Guarantee: finance sees no difference where nothing is wrong, so that one it sees is a fault.
it('the usage of families is shown where it is billed, and every difference is 0', async () => {
  // A budget above wallets: no plan, so nothing is billed by it and it is not in the figures.
  await open('firm', 'metered', { limit: String(100 * M), period: 'calendar:month' });
  await open('firm/a', 'wallet');
  await done(`${at('firm/a')}/grants`, { amount: String(20 * M), reason: 'bought' });
  await done(`${at('firm/a')}/grants`, { amount: String(20 * M), reason: 'bought' });
  await spend('firm/a', 30 * M);
  // Metered accounts with a plan below a budget without one.
  await open('lab', 'metered', { limits: [{ amount: String(90 * M), period: 'calendar:month' }] });
  await open('lab/x', 'metered', { plan: 'default' });
  await spend('lab/x', 9 * M);
  // The plan is the parent's: it is charged for what is used below it, whatever is below it.
  await open('house', 'metered', { plan: 'default', limit: String(900 * M) });
  await open('house/w', 'wallet');
  await done(`${at('house/w')}/grants`, { amount: String(4 * M), reason: 'bought' });
  await done(`${at('house/w')}/grants`, { amount: String(9 * M), reason: 'bought' });
  await open('house/m', 'metered');
  await spend('house', 1 * M);
  const burnt = await spend('house/w', 12 * M);
  await spend('house/m', 5 * M);
  await done(`/v1/entries/${burnt.entry.id}/correct`, { amount: String(3 * M), reason: 'counted twice' });
  // Goodwill of a child covers it, and its parent counts what was used.
  await done(`${at('house/m')}/grants`, {
    amount: String(2 * M),
    expires_at: '2090-01-01T00:00:00Z',
    reason: 'outage',
  });
  await spend('house/m', 3 * M);
  // A hold that is settled with less, and one that is released.
  const hold = (amount: number) =>
    done<{ hold_id: string }>(`${at('house/m')}/holds`, { amount: String(amount), expires_in_s: 60 });
  const held = await hold(4 * M);
  await done(`/v1/holds/${held.hold_id}/settle`, { amount: String(2 * M) });
  await done(`/v1/holds/${(await hold(4 * M)).hold_id}/release`, {});
  // A detached child in another unit, and a child with a plan of its own.
  await done('/v1/accounts', { id: 'house/euro', kind: 'wallet', unit: 'cents', settings: { detached: true } });
  await done(`${at('house/euro')}/grants`, { amount: '500', reason: 'bought' });
  await spend('house/euro', 100);
  await open('house/own', 'metered', { plan: 'default' });
  await spend('house/own', 10 * M);
  // Without a plan and without a family: usage is counted and nothing is charged for it.
  await open('free', 'metered');
  await spend('free', 50 * M);
  await waitFor('the charges', async () => (await usage()).every(({ unbilled_units: units }) => units === '0'));
  // house: 1 own + 12 − 3 of the wallet + 5 + 3 + 2 of house/m + 10 of house/own = 30 million.
  expect(await lines()).toEqual([
    'house 30000000 8000000 22000000 0 0 0',
    'house/own 10000000 8000000 2000000 0 0 0',
    'lab/x 9000000 8000000 1000000 0 0 0',
  ]);
  // A plan that is given counts from the next month on, and so does one that is taken away.
  const changed = async (id: string, plan: string | null) =>
    expect((await platform.server.patch(at(id), { settings: { plan } })).status).toBe(200);
  await changed('free', 'default');
  await changed('lab/x', null);
  const { body: clock } = await platform.server.get<{ now: string }>('/v1/test-clock');
  const now = new Date(clock.now);
  await done('/v1/test-clock/advance', {
    seconds: Math.ceil((Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 2) - now.getTime()) / 1000),
  });
  await spend('free', 9 * M);
  await spend('lab/x', 9 * M);
  await spend('firm/a', 1);
  await spend('house/m', 1 * M);
  await waitFor('the charges', async () => (await usage()).every(({ unbilled_units: units }) => units === '0'));
  expect(await lines()).toEqual([
    'free 9000000 8000000 1000000 0 0 0',
    'house 1000000 1000000 0 0 0 0',
    'house 30000000 8000000 22000000 0 0 0',
    'house/own 10000000 8000000 2000000 0 0 0',
    'lab/x 9000000 8000000 1000000 0 0 0',
  ]);
}, 90_000);
