import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import { EmbeddedPlatform } from './harness/embedded.ts';

type Usage = {
  readonly user_id: string;
  readonly month: string;
  readonly ledger_units: string;
  readonly included_units: string;
  readonly billed_units: string;
  readonly unbilled_units: string;
  readonly blocks_charged: string;
  readonly difference: string;
};
let platform: EmbeddedPlatform;
beforeAll(async () => void (platform = await EmbeddedPlatform.start({ TEST_CLOCK: '1' })));
afterAll(() => platform?.stop());

const report = async (userId: string, tokensUsed: number): Promise<void> => {
  expect((await platform.server.post('/api/token-billing/process-usage', { userId, tokensUsed })).status).toBe(200);
};
const advance = async (seconds: number): Promise<void> =>
  void (await platform.server.post('/v1/test-clock/advance', { seconds }));
async function figures<Row>(view: string): Promise<readonly Row[]> {
  const { status, body } = await platform.server.get<{ data: { items: readonly Row[] } }>(
    `/api/admin/billing/finance/${view}`,
  );
  expect(status).toBe(200);
  return body.data.items;
}
const usage = async (): Promise<readonly string[]> =>
  (await figures<Usage>('usage'))
    .map((row) =>
      [
        row.user_id,
        row.ledger_units,
        row.included_units,
        row.billed_units,
        row.unbilled_units,
        row.blocks_charged,
        row.difference,
      ].join(' '),
    )
    .sort();
/** As nobody may: against the grants and the triggers. */
const tamper = (sql: string, table: string): Promise<unknown> =>
  platform
    .rows(sql, [], [`alter table ${table} disable trigger user`])
    .finally(() => platform.rows('select 1', [], [`alter table ${table} enable trigger user`]));

describe('the figures of finance', () => {
  // Guarantee: finance can prove that what was used is what is billed, from the entries alone.
  it("add up to the ledger's sums, over jumps, corrections, late usage and the change of a month", async () => {
    await report('small', 5_000_000);
    await report('exact', 16_000_000);
    await report('jump', 25_000_000);
    await report('jump', 1);
    await report('corrected', 17_000_000);
    const { body } = await platform.server.get<{ items: readonly { id: string; kind: string }[] }>(
      '/v1/accounts/metered%3Acorrected/entries?limit=10',
    );
    const spent = body.items.find(({ kind }) => kind === 'spent' || kind === 'used') ?? body.items[0];
    expect(
      (await platform.server.post(`/v1/entries/${spent?.id}/correct`, { reason: 'counted twice', amount: '3000000' }))
        .status,
    ).toBe(201);
    const { body: clock } = await platform.server.get<{ now: string }>('/v1/test-clock');
    await waitFor('the charges', async () => !(await usage()).some((line) => !/ 0 \d+ 0$/.test(line)));
    expect(await usage()).toEqual([
      'corrected 14000000 8000000 6000000 0 1 0',
      'exact 16000000 8000000 8000000 0 1 0',
      'jump 25000001 8000000 17000001 0 3 0',
      'small 5000000 5000000 0 0 0 0',
    ]);
    const now = new Date(clock.now);
    await advance(Math.ceil((Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1) - now.getTime()) / 1000) + 60);
    await report('jump', 9_000_000);
    const late = {
      specversion: '1.0',
      id: 'late-1',
      source: 'spec',
      subject: 'metered:jump',
      type: 'request',
      time: clock.now,
      data: { quantity: 8_000_000 },
    };
    const sent = await platform.server.raw('/v1/events?wait=booked', JSON.stringify([late]), {
      'content-type': 'application/cloudevents-batch+json',
    });
    expect(sent.status).toBe(200);
    await waitFor('the late block', async () => (await usage()).includes('jump 33000001 8000000 25000001 0 4 0'));
    expect(await usage()).toContain('jump 9000000 8000000 1000000 0 1 0');
    expect(
      (await figures<{ side: string; amount: string }>('trial_balance'))
        .filter(({ side }) => side.startsWith('total'))
        .every(({ amount }) => Number(amount) === 0),
    ).toBe(true);
    expect(await figures('unbilled_usage')).toEqual([]);
  }, 60_000);

  it('show what goodwill covered beside what is counted and billed', async () => {
    await report('kind', 1);
    const given = await platform.server.post('/v1/accounts/metered%3Akind/grants', {
      amount: '3000000',
      expires_at: '2090-01-01T00:00:00Z',
      reason: 'outage of the 3rd',
    });
    expect(given.status).toBe(201);
    await report('kind', 10_000_000);
    expect(
      (await figures<Usage & { goodwill_units: string }>('usage')).find((row) => row.user_id === 'kind'),
    ).toMatchObject({
      ledger_units: '7000001',
      included_units: '7000001',
      billed_units: '0',
      difference: '0',
      goodwill_units: '3000000',
    });
    expect(
      (await figures<{ side: string; amount: string }>('trial_balance'))
        .filter(({ side }) => side.startsWith('total'))
        .every(({ amount }) => Number(amount) === 0),
    ).toBe(true);
  });

  it('show a row that was lost or changed', async () => {
    await platform.rows(`alter table billing.charge_attempts disable trigger user`);
    await platform.rows(`alter table billing.charge_events disable trigger user`);
    const id = `(select id from billing.charges where user_id = 'exact')`;
    await platform.rows(`delete from billing.charge_outbox where charge_id = ${id}`);
    await platform.rows(`delete from billing.charge_events where charge_id = ${id}`);
    await platform.rows(`delete from billing.charges where id = ${id}`);
    expect(await usage()).toContain('exact 16000000 8000000 0 8000000 0 0');
    // The comparison with Stripe sees it, too, and opens the charge again.
    const { body: clock } = await platform.server.get<{ now: string }>('/v1/test-clock');
    const at = new Date(Date.parse(clock.now) - 86_400_000);
    const period = at.toISOString().slice(0, 7);
    const found = await platform.cli('reconcile', '--period', period, '--json');
    expect([found.how, JSON.parse(found.output) as unknown]).toEqual([
      'exit code 1',
      expect.objectContaining({
        period,
        remaining: 1,
        items: [expect.objectContaining({ kind: 'crossing_without_charge', account: 'metered:exact' })],
      }),
    ]);
    expect((await platform.cli('reconcile', '--period', period, '--fix')).how).toBe('exit code 0');
    expect((await platform.cli('reconcile', '--period', period)).how).toBe('exit code 0');
    expect((await platform.cli('reconcile', '--period', '2026-13')).how).toBe('exit code 2');
    expect(await usage()).toContain('exact 16000000 8000000 8000000 0 1 0');

    const entry = `partition_seq = (select min(e.partition_seq) from ledger.entries e where e.partition = a.partition
      and e.account = a.account and e.amount < 0)`;
    await tamper(
      `update ledger.entries e set amount = amount - 7 from ledger.accounts a where e.partition = a.partition
        and e.account = a.account and a.id = 'metered:small' and e.${entry}`,
      'ledger.entries',
    );
    expect(await usage()).toContain('small 5000007 5000000 0 0 0 7');
    const totals = await figures<{ side: string; amount: string }>('trial_balance');
    expect(totals.filter(({ side, amount }) => side.startsWith('total') && Number(amount) !== 0)).toHaveLength(1);
  }, 60_000);

  // Guarantee: an export of any size is fetched as it is read, a page at a time, and with the rights of finance alone.
  it("stream 200,000 charges through the view itself, as finance's own role, as slowly as they are read", async () => {
    const rows = 200_000;
    await platform.rows(
      `insert into billing.charges (id, account, user_id, period_start, period_end, block, plan, billing_tier,
        amount_minor, currency, entry, status, version, created_at, updated_at)
       select gen_random_uuid(), 'metered:streamed', 'streamed', '2020-01-01Z', '2020-02-01Z', n, 'default', '8M-16M',
         10000, 'BRL', '0-1', 'cancelled', 1, now(), now()
       from generate_series(1, $1::int) n`,
      [rows],
    );
    const exporting = async (): Promise<readonly string[]> =>
      (
        await platform.rows<{ who: string }>(
          `select usename || ' ' || state ||
              case when now() - state_change < interval '500 milliseconds' then ' just now' else '' end as who
              from pg_stat_activity
            where query ~ 'exported' and pid <> pg_backend_pid()`,
        )
      ).map(({ who }) => who);
    const waiting = 'tollgate_finance idle in transaction';
    const answer = await fetch(`${platform.server.url}/api/admin/billing/finance/charges?user=streamed&format=csv`, {
      headers: { 'x-server-api-key': 'system-tests-server-key' },
    });
    let [lines, size, pauses] = [0, 0, 0];
    for await (const piece of answer.body ?? []) {
      for (const byte of piece as Uint8Array) if (byte === 10) lines++;
      size += (piece as Uint8Array).length;
      if (size < 5_000_000 * (pauses + 1) || pauses === 2) continue;
      // Nobody reads now: the cursor waits in its transaction, most of the rows still before it.
      await waitFor(
        'the cursor to wait for its reader',
        async () => {
          return (await exporting()).join() === waiting;
        },
        20_000,
      );
      pauses++;
    }
    expect([answer.status, lines, pauses]).toEqual([200, rows + 1, 2]);
    expect(size).toBeGreaterThan(25_000_000);
    await waitFor('the end of the query', async () => (await exporting()).length === 0, 10_000);
  }, 60_000);
});
