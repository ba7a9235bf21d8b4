import { get } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool } from '@tollgate/persistence';
import type { FreshDatabase } from '@tollgate/testing';
import { waitFor } from '@tollgate/testing';

import type { RunningGateway } from '../index.ts';
import type { Reply } from '../testing/gateway-harness.ts';
import { GatewayHarness, serverKey } from '../testing/gateway-harness.ts';

let harness: GatewayHarness;
let gateway: RunningGateway;
let database: FreshDatabase;

beforeAll(async () => {
  harness = await GatewayHarness.start();
  ({ gateway, database } = harness);
});
afterAll(() => harness?.close());

const call = (...asked: Parameters<GatewayHarness['call']>): Promise<Reply> => harness.call(...asked);
const server = (...asked: Parameters<GatewayHarness['call']>): Promise<Reply> => harness.server(...asked);

describe('figures of finance over HTTP', () => {
  const rows = 200_000;
  const path = '/api/admin/billing/finance';
  let admin: ReturnType<typeof createPool>;
  beforeAll(async () => {
    admin = createPool({ url: database.url, max: 2, applicationName: 'finance-test' });
    await admin.query(`create schema finance;
      create view finance.charges as select n as id, '=cmd' || n as user_id, case when n % 2 = 0 then '2026-10'
        else '2026-11' end as month,
        n::bigint * 1000000000000 as amount_minor, 'a' as account, 0 as period_start, n as block, repeat('x',
          1500) as filler from generate_series(1, ${rows}) n;
      create view finance.revenue as select n as month, 1 as currency, 1 as kind, 1 as adjusts from generate_series(1,
        2) n where pg_sleep(30) is not null;
      create view finance.fees as select '2026-10' as month, 'x' as user_id, 1 as period_start, 1 as invoice_id
        where false;
      create view finance.trial_balance as select 'x' as unit, 'y' as side where false`);
  });
  afterAll(() => admin?.end());
  /** Back ends of exports, and what they are at. */
  const exporting = async (): Promise<readonly string[]> =>
    (
      await admin.query<{ state: string }>(
        `select state from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
          and query ~ 'exported'`,
      )
    ).rows.map(({ state }) => state);
  /** What is reachable, garbage aside. */
  const inUse = (): number => {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const open = (query: string): Promise<import('node:http').IncomingMessage> =>
    new Promise((resolve, reject) =>
      get(`${gateway.address.url}${path}/${query}`, { headers: { 'x-server-api-key': serverKey } }, resolve).on(
        'error',
        reject,
      ),
    );

  // Guarantee: an export of any size never fills the memory of the gateway, however slowly it is read.
  it('are sent as fast as they are read, and no faster, whole and of any size', async () => {
    const answer = await open('charges?format=csv');
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8']);
    const before = inUse();
    let [lines, size, most, measured, last] = [0, 0, 0, 0, ''];
    for await (const piece of answer as AsyncIterable<Buffer>) {
      for (let at = piece.indexOf(10); at !== -1; at = piece.indexOf(10, at + 1)) lines++;
      size += piece.length;
      last = (last + piece.toString('latin1', Math.max(0, piece.length - 2_000))).slice(-2_000);
      if (size < measured + 50_000_000) continue;
      if (measured === 0) {
        // Nobody reads, so nothing is fetched: the cursor waits in its transaction.
        await waitFor('the cursor to wait', async () => (await exporting()).join() === 'idle in transaction', 20_000);
      }
      measured = size;
      most = Math.max(most, inUse() - before);
    }
    // Sorted, so the later month comes last, and its last row is whole.
    expect([lines, /\n(\d+),'=cmd\1,2026-11,(?:\1)0{12},a,0,\1,x{1500}\n$/.test(last)]).toEqual([rows + 1, true]);
    expect(size).toBeGreaterThan(300_000_000);
    // Both ends and what lies between them are in this process; all of it kept would be size.
    expect(most).toBeLessThan(size / 3);
    await waitFor('the end of the query', async () => (await exporting()).length === 0, 10_000);
  }, 120_000);

  it('end their query when the client goes away, wherever it is', async () => {
    const gone = new AbortController();
    const asked = fetch(`${gateway.address.url}${path}/revenue`, {
      headers: { 'x-server-api-key': serverKey },
      signal: gone.signal,
    }).catch(() => 'gone');
    await waitFor('the query', async () => (await exporting()).includes('active'));
    gone.abort();
    expect(await asked).toBe('gone');
    await waitFor('the end of the query', async () => (await exporting()).length === 0, 10_000);
    const reading = await open('charges?format=jsonl');
    await new Promise((resolve) => reading.once('data', resolve));
    reading.destroy();
    await waitFor('the end of the export', async () => (await exporting()).length === 0, 10_000);
    // Every place was given back.
    for (let i = 0; i < 6; i++) expect((await server('GET', `${path}/fees`)).status).toBe(200);
  }, 30_000);

  it('are one document, an object a line or CSV, of a month or a user where asked', async () => {
    expect(await server('GET', `${path}/charges?user=%3Dcmd2&month=2026-10`)).toMatchObject({
      status: 200,
      body: {
        success: true,
        data: { view: 'charges', items: [{ id: 2, user_id: '=cmd2', amount_minor: '2000000000000' }] },
      },
    });
    expect((await server('GET', `${path}/fees`)).body).toEqual({ success: true, data: { view: 'fees', items: [] } });
    const lines = await (
      await fetch(`${gateway.address.url}${path}/charges?format=jsonl&user=%3Dcmd7`, {
        headers: { 'x-server-api-key': serverKey },
      })
    ).text();
    expect(lines.split('\n').map((line) => (line === '' ? '' : (JSON.parse(line) as { id: number }).id))).toEqual([
      7,
      '',
    ]);
  });

  it('are refused in the envelope of the surface, before anything is sent', async () => {
    for (const [query, status] of [
      ['nothing', 400],
      ['charges?format=xml', 400],
      ['charges?month=2026-13', 400],
      ['trial_balance?month=2026-10', 400],
      ['charges?user=%00', 400],
      ['attempts', 503],
    ] as const) {
      expect([query, await server('GET', `${path}/${query}`)]).toEqual([
        query,
        expect.objectContaining({
          status,
          body: expect.objectContaining({ success: false, error: expect.any(String) }),
        }),
      ]);
    }
    expect((await call('GET', `${path}/charges`)).status).toBe(401);
    const held = await Promise.all(Array.from({ length: 4 }, () => open('charges')));
    expect(await server('GET', `${path}/fees`)).toMatchObject({ status: 429, body: { success: false } });
    for (const answer of held) answer.destroy();
    await waitFor('a place', async () => (await server('GET', `${path}/fees`)).status === 200, 10_000);
  });
});
