import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { partitionOf } from '@tollgate/kernel';
import { waitFor } from '@tollgate/testing';

import { LedgerHarness, partitions } from '../../testing/ledger-harness.ts';

let harness: LedgerHarness;
beforeAll(async () => {
  harness = await LedgerHarness.start();
});
afterAll(async () => {
  await harness.stop();
});

async function wallet(grant = '100'): Promise<string> {
  const id = `w-${randomUUID()}`;
  await harness.ask('open', id, { kind: 'wallet', unit: 'units', grant });
  return id;
}
const stateOf = async (id: string) => harness.ledger.queries.account({ id });
const partition = (id: string): number => partitionOf(id, partitions);

describe('a late request that named a hold or an entry', () => {
  const withdraw = (of: string, data: object) => ({ source: `http:${of}`, id: `${of}-late`, ...data });

  it('extends nothing when it is withdrawn, before or after it came', async () => {
    const id = await wallet();
    const hold = (await harness.ask('hold', id, { amount: '10', expires_in_ms: 60_000 })).hold!.hold_id;
    await harness.ask('extend', '', { hold, amount: '5' }, { id: 'extend-late' }, partition(id));
    expect(await stateOf(id)).toMatchObject({ held: '15' });
    await harness.ask('withdraw', '', withdraw('extend', { hold }), {}, partition(id));
    const holds = [{ hold_id: hold, amount: '10' }];
    expect(await stateOf(id)).toMatchObject({ held: '10', available: '90', holds });

    const other = { source: 'http:extend', id: 'extend-later', hold };
    await harness.ask('withdraw', '', other, {}, partition(id));
    await harness.ask('extend', '', { hold, amount: '5' }, { id: 'extend-later' }, partition(id));
    expect(await stateOf(id)).toMatchObject({ held: '10' });
  });

  it('is found when all of it is decided in one batch', async () => {
    const id = await wallet();
    const hold = (await harness.ask('hold', id, { amount: '10', expires_in_ms: 60_000 })).hold!.hold_id;
    await harness.log.append([
      harness.record('extend', '', { hold, amount: '5' }, { id: 'extend-late' }, partition(id)),
      harness.record('withdraw', '', withdraw('extend', { hold }), {}, partition(id)),
      harness.record('spend', id, { amount: '1' }),
    ]);
    await waitFor('the batch', async () => ((await stateOf(id))?.balance === '99' ? true : undefined), 5_000);
    expect(await stateOf(id)).toMatchObject({ held: '10' });
  });

  it('corrects nothing when it is withdrawn, and the entry can be corrected again in full', async () => {
    const id = await wallet();
    const { entry } = await harness.ask('spend', id, { amount: '30' });
    const twenty = { entry: entry!.id, amount: '20' };
    await harness.ask('correct', '', twenty, { id: 'correct-late' }, partition(id));
    expect(await stateOf(id)).toMatchObject({ balance: '90', used: '10' });
    await harness.ask('withdraw', '', withdraw('correct', { entry: entry!.id }), {}, partition(id));
    expect(await stateOf(id)).toMatchObject({ balance: '70', used: '30' });
    const again = await harness.ask('correct', '', { entry: entry!.id }, {}, partition(id));
    expect(again).toMatchObject({ outcome: 'booked', entry: { amount: '30' } });
    expect(await stateOf(id)).toMatchObject({ balance: '100', used: '0' });
  });

  it('gives a grant again whose taking back was withdrawn', async () => {
    const id = await wallet();
    const { entry } = await harness.ask('grant', id, { amount: '50', priority: 7 });
    await harness.ask('correct', '', { entry: entry!.id }, { id: 'correct-late' }, partition(id));
    await harness.ask('withdraw', '', withdraw('correct', { entry: entry!.id }), {}, partition(id));
    expect(await stateOf(id)).toMatchObject({ balance: '150', used: '0' });
    expect((await stateOf(id))!.lots[0]).toMatchObject({ priority: 7, left: '50' });
  });

  it('names a hold that never was and harms nothing', async () => {
    const id = await wallet();
    const never = { hold: `h-${partition(id)}-999999-1` };
    const answer = await harness.ask('withdraw', '', withdraw('extend', never), {}, partition(id));
    expect(answer).toMatchObject({ outcome: 'unchanged' });
  });
});

it('a hold of an account number beyond all numbers is unknown, and the partition goes on', async () => {
  const id = await wallet();
  const hold = `h-${partition(id)}-9999999999-1`;
  const answer = await harness.ask('settle', '', { hold, amount: '1' }, {}, partition(id));
  expect(answer).toMatchObject({ outcome: 'refused' });
  expect(await harness.ask('spend', id, { amount: '1' })).toMatchObject({ outcome: 'booked' });
  expect((await harness.ledger.queries.deadLetters({ limit: 10 })).items).toHaveLength(1);
});

describe('a dead letter', () => {
  it('is listed newest first; replayed and still unreadable, it is a dead letter of its partition again', async () => {
    const id = await wallet('10');
    const unreadable = { ...harness.record('spend', id, { amount: '1' }), value: '{"v":1,"type":"spend"' };
    harness.clock.advance(1_000);
    await harness.send(unreadable);
    const { items } = await harness.ledger.queries.deadLetters({ limit: 10 });
    const letter = { reason: 'REQUEST_INVALID: the record is not JSON', value: unreadable.value };
    expect(items[0]).toMatchObject({ ...letter, partition: partition(id) });
    harness.clock.advance(1_000);
    const replayed = await harness.ledger.queries.replayDeadLetter({ id: items[0]!.id });
    expect(replayed).toMatchObject({ partition: partition(id) });
    const again = await waitFor(
      'the second dead letter',
      async () => {
        const found = await harness.ledger.queries.deadLetters({ limit: 10 });
        return found.items.length === items.length + 1 ? found.items : undefined;
      },
      5_000,
    );
    expect(again[0]!.id).toBe(`${partition(id)}-${replayed!.offset}`);
  });

  it('that is not there cannot be replayed, and pages go to the end', async () => {
    for (const id of ['0-999999', '99-1', 'x', '']) {
      expect(await harness.ledger.queries.replayDeadLetter({ id })).toBeNull();
    }
    const first = await harness.ledger.queries.deadLetters({ limit: 1 });
    const second = await harness.ledger.queries.deadLetters({ limit: 1, after: first.next! });
    const third = await harness.ledger.queries.deadLetters({ limit: 1, after: second.items[0]!.cursor });
    expect([first.items.length, second.items.length]).toEqual([1, 1]);
    expect(third.items.map(({ id }) => id)).not.toContain(first.items[0]!.id);
  });
});
