import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AccountView } from '@tollgate/contracts';
import { topics } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';

import { checkBooks } from '../../index.ts';
import { LedgerHarness, partitions } from '../../testing/ledger-harness.ts';

let harness: LedgerHarness;
beforeAll(async () => {
  harness = await LedgerHarness.start();
});
afterAll(() => harness.stop());

const dayMs = 86_400_000;
const view = (id: string): Promise<AccountView | null> => harness.ledger.queries.account({ id });
const daily = { kind: 'metered', unit: 'u', settings: { limit: '100', period: 'P1D' } } as const;
const now = (): string => new Date(harness.clock.nowMs()).toISOString();
/** What the account had counted when its newest entry in a period was booked, by period, newest first. */
const counted = async (id: string): Promise<readonly string[]> =>
  (
    await harness.rows<{ used: string }>(
      `select distinct on (e.period_start) e.used_after as used from ledger.entries e
        join ledger.accounts a using (partition, account)
    where a.id = $1 order by e.period_start desc, e.seq desc`,
      [id],
    )
  ).map(({ used }) => String(used));
const drifts = async () =>
  (
    await checkBooks({
      databaseUrl: harness.url,
      readLog: async (partition, to) => ({
        start: 0,
        batches: harness.log.read({ topic: topics.usageEvents, partition, from: 0, to }),
      }),
    })
  ).drifts;

describe('what happened in the period before', () => {
  // Guarantee: rules 17 and 20; a limit is about the period in which the usage happened, on every level.
  it('counts there on the budgets above too, within their grace, and against their limit of then', async () => {
    await harness.ask('open', 'house', daily);
    await harness.ask('open', 'house/room', { ...daily, settings: { limit: '1000', period: 'P1D' } });
    await harness.ask('spend', 'house/room', { amount: '60' });
    const yesterday = now();
    await harness.advance(dayMs + 60_000);
    await harness.ask('spend', 'house/room', { amount: '5' });

    const refused = await harness.ask('spend', 'house/room', { amount: '41' }, { occurred: yesterday });
    expect(refused).toMatchObject({
      outcome: 'refused',
      problem: { code: 'ALLOWANCE_EXHAUSTED', refusal: { account: 'house', limit: '100', available: '40' } },
    });
    expect(await harness.ask('spend', 'house/room', { amount: '40' }, { occurred: yesterday })).toMatchObject({
      outcome: 'booked',
      entry: { used_after: '100' },
    });
    expect([await counted('house'), await counted('house/room')]).toEqual([
      ['5', '100'],
      ['5', '100'],
    ]);
    expect(await view('house')).toMatchObject({ used: '5', available: '95' });

    await harness.advance(2 * 3_600_000);
    expect(await harness.ask('spend', 'house/room', { amount: '7' }, { occurred: yesterday })).toMatchObject({
      outcome: 'booked',
      entry: { used_after: '12', late: true },
    });
    expect([await counted('house'), await counted('house/room')]).toEqual([
      ['12', '100'],
      ['12', '100'],
    ]);
  });

  it('counts there also where nothing else had happened in it', async () => {
    await harness.ask('open', 'quiet', daily);
    await harness.advance(dayMs);
    const unused = now();
    await harness.advance(dayMs + 60_000);
    expect(await harness.ask('spend', 'quiet', { amount: '3' }, { occurred: unused })).toMatchObject({
      outcome: 'booked',
      entry: { used_after: '3' },
    });
    expect(await view('quiet')).toMatchObject({ used: '0', available: '100', used_total: '3' });
    await harness.ledger.stop();
    await harness.startLedger();
    expect(await harness.ask('spend', 'quiet', { amount: '4' }, { occurred: unused })).toMatchObject({
      entry: { used_after: '7' },
    });
    expect(await view('quiet')).toMatchObject({ used: '0', used_total: '7' });
  });
});

describe('a correction that is withdrawn', () => {
  const late = async (id: string, entry: string): Promise<void> => {
    const of = partitionOf(id, partitions);
    await harness.ask('correct', '', { entry }, { id: `correct-${id}` }, of);
    await harness.advance(dayMs);
    await harness.ask('withdraw', '', { source: 'http:correct', id: `correct-${id}`, entry }, {}, of);
  };

  // Guarantee: rule 23; a call that was told 503 leaves every period as it was.
  it('counts again in the period that it was taken off, on the account and above it', async () => {
    await harness.ask('open', 'back', { ...daily, settings: { limit: '1000', period: 'P1D' } });
    await harness.ask('open', 'back/a', daily);
    const { entry } = await harness.ask('spend', 'back/a', { amount: '30' });
    await harness.advance(dayMs);
    await late('back/a', entry!.id);
    for (const id of ['back', 'back/a']) expect((await counted(id)).at(-1)).toBe('30');
    for (const id of ['back', 'back/a']) expect(await view(id)).toMatchObject({ used: '0', used_total: '30' });
  });

  it('counts in no period where it was taken off none', async () => {
    await harness.ask('open', 'purse', {
      kind: 'wallet',
      unit: 'u',
      grant: '100',
      settings: { limit: '50', period: 'P1D' },
    });
    const { entry } = await harness.ask('spend', 'purse', { amount: '30' });
    await harness.advance(dayMs);
    await late('purse', entry!.id);
    expect(await view('purse')).toMatchObject({ balance: '70', used: '0', available: '50' });
  });
});

describe('a grant to a licence that is withdrawn', () => {
  const withdraw = (key: string) => harness.ask('withdraw', key, { source: 'http:grant', id: `grant-${key}` });
  const empty = async (key: string): Promise<void> => {
    await harness.ask('open', key, { kind: 'licence', unit: 't', status: 'inactive' });
    await harness.ask('grant', key, { amount: '5' }, { id: `grant-${key}` });
  };

  it('leaves it inactive, as it found it', async () => {
    await empty('key-1');
    expect(await view('key-1')).toMatchObject({ status: 'active', balance: '5' });
    await withdraw('key-1');
    expect(await view('key-1')).toMatchObject({ status: 'inactive', balance: '0' });
  });

  it('leaves it active where other units or somebody else keep it so', async () => {
    await empty('key-2');
    await harness.ask('grant', 'key-2', { amount: '1' });
    await withdraw('key-2');
    expect(await view('key-2')).toMatchObject({ status: 'active', balance: '1' });

    await harness.ask('open', 'key-3', { kind: 'licence', unit: 't' });
    await harness.ask('grant', 'key-3', { amount: '5' }, { id: 'grant-key-3' });
    await withdraw('key-3');
    expect(await view('key-3')).toMatchObject({ status: 'active', balance: '0' });
  });

  it('keeps a rebuild and the log in agreement with all of this', async () => {
    expect(await drifts()).toEqual([]);
  });
});
