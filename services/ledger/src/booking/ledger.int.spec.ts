import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Answer } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';
import { waitFor } from '@tollgate/testing';

import { leafHash, rootOf } from '../sealing/domain/merkle.ts';
import { sha256 } from '../sealing/sha256.ts';
import { LedgerHarness, partitions } from '../testing/ledger-harness.ts';

let harness: LedgerHarness;
beforeAll(async () => {
  harness = await LedgerHarness.start();
});
afterAll(() => harness.stop());

let accounts = 0;
const wallet = async (grant = '100', settings = {}): Promise<string> => {
  const id = `w${++accounts}`;
  await harness.ask('open', id, { kind: 'wallet', unit: 'units', grant, settings });
  return id;
};
const codeOf = (answer: Answer): string | undefined => answer.problem?.code;

describe('spending', () => {
  it('books a spend and answers with the balance after it', async () => {
    const id = await wallet();
    const answer = await harness.ask('spend', id, { amount: '30' });
    expect(answer).toMatchObject({
      outcome: 'booked',
      replayed: false,
      available: '70',
      entry: { amount: '-30', balance_after: '70', kind: 'spent', seq: '3' },
    });
    expect(await harness.ledger.queries.account({ id })).toMatchObject({
      balance: '70',
      available: '70',
      lots: [{ left: '70' }],
    });
  });

  it('refuses what is not there, names the limit, and changes nothing', async () => {
    const id = await wallet('5');
    const answer = await harness.ask('spend', id, { amount: '6' });
    expect(answer).toMatchObject({
      outcome: 'refused',
      problem: { code: 'ALLOWANCE_EXHAUSTED', refusal: { account: id, asked: '6', available: '5' } },
    });
    expect(await harness.ledger.queries.account({ id })).toMatchObject({ balance: '5', as_of: { seq: '2' } });
  });

  // Guarantee: 64 callers racing for the last units never spend one twice.
  it('lets exactly as many of 64 racing callers through as there are units', async () => {
    const id = await wallet('100');
    const answers = await Promise.all(Array.from({ length: 64 * 4 }, () => harness.ask('spend', id, { amount: '1' })));
    expect(answers.filter(({ outcome }) => outcome === 'booked')).toHaveLength(100);
    expect(answers.filter((answer) => codeOf(answer) === 'ALLOWANCE_EXHAUSTED')).toHaveLength(156);
    expect(await harness.ledger.queries.account({ id })).toMatchObject({ balance: '0' });
  });

  it('refuses an unknown account', async () => {
    expect(codeOf(await harness.ask('spend', 'nobody', { amount: '1' }))).toBe('ACCOUNT_UNKNOWN');
  });

  it('rates model usage by the card in force and explains the amount', async () => {
    const id = await wallet('1000');
    const answer = await harness.ask('spend', id, {
      meter: 'llm.tokens',
      inputs: { input_tokens: 100, output_tokens: 401 },
    });
    expect(answer.entry).toMatchObject({ amount: '-101', rate: { card: 'default', version: 1, meter: 'llm.tokens' } });
    expect(await harness.ledger.queries.explain({ id: answer.entry!.id })).toMatchObject({
      result: '-101',
      rate: { version: 1 },
    });
    expect(codeOf(await harness.ask('spend', id, { meter: 'unheard.of', inputs: {} }))).toBe('EVENT_TYPE_UNKNOWN');
  });
});

describe('once only', () => {
  const asking = { id: 'key-1', keyed: true, hash: 'a'.repeat(32) };

  it('answers a repeated request with its first answer, also after a restart', async () => {
    const id = await wallet('1');
    const first = await harness.ask('spend', id, { amount: '1' }, asking);
    const again = await harness.ask('spend', id, { amount: '1' }, asking);
    expect(again).toEqual({ ...first, replayed: true });
    await harness.ledger.stop();
    await harness.startLedger();
    expect(await harness.ask('spend', id, { amount: '1' }, asking)).toEqual({ ...first, replayed: true });
    expect(await harness.ledger.queries.account({ id })).toMatchObject({ balance: '0' });
  });

  it('refuses the same key with other content', async () => {
    const id = await wallet();
    await harness.ask('spend', id, { amount: '1' }, asking);
    expect(codeOf(await harness.ask('spend', id, { amount: '2' }, { ...asking, hash: 'b'.repeat(32) }))).toBe(
      'IDEMPOTENCY_KEY_REUSED',
    );
  });

  it('lets a refused key succeed after a top-up', async () => {
    const id = await wallet('1');
    expect(codeOf(await harness.ask('spend', id, { amount: '5' }, asking))).toBe('ALLOWANCE_EXHAUSTED');
    await harness.ask('grant', id, { amount: '10' });
    expect(await harness.ask('spend', id, { amount: '5' }, asking)).toMatchObject({
      outcome: 'booked',
      replayed: false,
      available: '6',
    });
  });

  // Guarantee: whatever characters an event's source and id have, one event is never taken for another, nor its repeat
  // for new.
  it('tells identities apart whatever their characters, and knows them again', async () => {
    const id = await wallet();
    const twins = [
      { source: 'ce:a\u0001b', id: 'c' },
      { source: 'ce:a', id: 'b\u0001c' },
    ].map((name, index) =>
      harness.record('spend', id, { amount: '1' }, { ...name, keyed: true, hash: String(index).repeat(32) }),
    );
    await harness.log.append(twins);
    for (const twin of twins) await harness.log.append([twin]);
    for (const twin of twins) expect(await harness.send(twin)).toMatchObject({ outcome: 'booked', replayed: true });
    expect(await harness.ledger.queries.account({ id })).toMatchObject({ balance: '98' });
  });

  // Guarantee: an event that was accepted with 202 is booked or refused by its merit, never put aside for the length of
  // its names.
  it('takes sources and types as long as gateways let in', async () => {
    const id = await wallet();
    const event = (type: string, more: string) =>
      harness.ask(
        'spend',
        id,
        { meter: type, inputs: {} },
        { id: 'e', source: `ce:${more}`, keyed: true, hash: '0'.repeat(32) },
      );
    expect(await event('request', '\u20ac'.repeat(512))).toMatchObject({ outcome: 'booked' });
    expect(codeOf(await event('t'.repeat(255), '/s'))).toBe('EVENT_TYPE_UNKNOWN');
  });

  // Guarantee: the same record in one batch and over batches, keyed or not, is booked once.
  it('books records of one identity once, however they are batched', async () => {
    const id = await wallet('100');
    const record = harness.record('spend', id, { amount: '1' }, { id: 'twin', source: 'ce:test' });
    await harness.log.append([record, record, record]);
    await harness.send(record);
    await harness.ask('spend', id, { amount: '1' });
    expect(await harness.ledger.queries.account({ id })).toMatchObject({ balance: '98' });
  });
});

describe('withdrawal', () => {
  it('reverses a booked request and blocks one that arrives late', async () => {
    const id = await wallet('10');
    await harness.ask('spend', id, { amount: '4' }, { id: 'late-1' });
    await harness.ask(
      'withdraw',
      id,
      { source: 'http:spend', id: 'late-1' },
      { source: 'http:withdraw', id: 'late-1' },
    );
    expect(await harness.ledger.queries.account({ id })).toMatchObject({ balance: '10' });
    await harness.ask(
      'withdraw',
      id,
      { source: 'http:spend', id: 'late-2' },
      { source: 'http:withdraw', id: 'late-2' },
    );
    await harness.ask('spend', id, { amount: '4' }, { id: 'late-2' });
    expect(await harness.ledger.queries.account({ id })).toMatchObject({ balance: '10' });
  });
});

describe('holds', () => {
  const partition = (id: string): number => partitionOf(id, partitions);

  it('reserves, settles less, gives the rest back, and tells how it ended', async () => {
    const id = await wallet('100');
    const held = await harness.ask('hold', id, { amount: '60', expires_in_ms: 60_000 });
    expect(held).toMatchObject({ outcome: 'booked', available: '40', hold: { status: 'open', amount: '60' } });
    const hold = held.hold!.hold_id;
    expect(codeOf(await harness.ask('spend', id, { amount: '41' }))).toBe('ALLOWANCE_EXHAUSTED');
    const settled = await harness.ask('settle', '', { hold, amount: '25' }, {}, partition(id));
    expect(settled).toMatchObject({
      outcome: 'booked',
      account: id,
      available: '75',
      hold: { status: 'settled', settled_amount: '25' },
      entry: { amount: '-25' },
    });
    expect(await harness.ask('release', '', { hold }, {}, partition(id))).toMatchObject({
      problem: { code: 'HOLD_ENDED', hold: { status: 'settled', settled_amount: '25' } },
    });
  });

  it('expires at its deadline without a request', async () => {
    const id = await wallet('100');
    await harness.ask('hold', id, { amount: '60', expires_in_ms: 60_000 });
    await harness.advance(60_001);
    expect(await harness.ledger.queries.account({ id })).toMatchObject({ held: '0', available: '100' });
  });

  it('survives a restart exactly', async () => {
    const id = await wallet('100');
    const { hold } = await harness.ask('hold', id, { amount: '60', expires_in_ms: 60_000 });
    const before = await harness.ledger.queries.account({ id });
    await harness.ledger.stop();
    await harness.startLedger();
    expect(await harness.ledger.queries.account({ id })).toEqual(before);
    expect(await harness.ask('release', '', { hold: hold!.hold_id }, {}, partition(id))).toMatchObject({
      available: '100',
    });
    expect(codeOf(await harness.ask('settle', '', { hold: hold!.hold_id, amount: '1' }, {}, partition(id)))).toBe(
      'HOLD_ENDED',
    );
  });
});

describe('families', () => {
  it('checks and books every ancestor that has a limit in one decision', async () => {
    await harness.ask('open', 'acme', { kind: 'metered', unit: 'units', settings: { limit: '100' } });
    await harness.ask('open', 'acme/a', { kind: 'metered', unit: 'units', settings: { limit: '30' } });
    await harness.ask('open', 'acme/a/u', { kind: 'wallet', unit: 'units', grant: '1000' });
    expect(await harness.ask('spend', 'acme/a/u', { amount: '20' })).toMatchObject({
      outcome: 'booked',
      available: '10',
    });
    expect(await harness.ask('spend', 'acme/a/u', { amount: '11' })).toMatchObject({
      problem: { refusal: { account: 'acme/a', available: '10' } },
    });
    expect(await harness.ledger.queries.account({ id: 'acme' })).toMatchObject({
      used: '20',
      limits: [{ account: 'acme', used: '20', remaining: '80' }],
    });
  });
});

describe('poison', () => {
  it('goes to the dead letters with its reason, and the partition goes on', async () => {
    const id = await wallet('10');
    const poison = { ...harness.record('spend', id, { amount: '1' }), value: '{"v":1,"type":"spend"' };
    const answer = await harness.send(poison);
    expect(codeOf(answer)).toBe('REQUEST_INVALID');
    expect(await harness.ask('spend', id, { amount: '1' })).toMatchObject({ outcome: 'booked' });
    expect(await harness.rows('select reason from ledger.dead_letters')).toEqual([
      { reason: 'REQUEST_INVALID: the record is not JSON' },
    ]);
  });
});

describe('a record whose account no index could hold', () => {
  it('goes to the dead letters, and the partition goes on', async () => {
    const id = await wallet('10');
    const account = Array.from({ length: 1_000 }, (_, index) =>
      String.fromCodePoint(0x4e00 + ((index * 7_919) % 20_000)),
    ).join('');
    expect(
      codeOf(await harness.send(harness.record('spend', account, { amount: '1' }, {}, partitionOf(id, partitions)))),
    ).toBe('REQUEST_INVALID');
    expect(await harness.ask('spend', id, { amount: '1' })).toMatchObject({ outcome: 'booked' });
  });
});

describe('the tables', () => {
  it.each([
    'update ledger.entries set amount = 0',
    'delete from ledger.entries',
    'truncate ledger.entries',
    'update ledger.seals set root = null',
    'delete from ledger.lots',
  ])('refuse %s', async (sql) => {
    await wallet();
    await expect(harness.admin.query(sql)).rejects.toMatchObject({ code: '42501' });
  });
  it('balance to zero against the contra accounts, and number entries without gaps', async () => {
    const [gaps] = await harness.rows<{ n: string }>(
      'select count(*) n from (select partition_seq - lag(partition_seq) over (partition by partition order by ' +
        'partition_seq) d from ledger.entries) x where d <> 1',
    );
    expect(gaps).toEqual({ n: '0' });
    const sums = await harness.rows(
      'select account from ledger.entries e group by partition, account having sum(amount) <> ' +
        '(array_agg(balance_after order by seq desc))[1]',
    );
    expect(sums).toEqual([]);
  });
});

describe('seals', () => {
  it('give every entry a proof that leads to a sealed root', async () => {
    const id = await wallet();
    const { entry } = await harness.ask(
      'spend',
      id,
      { amount: '1' },
      { details: { salt: '0'.repeat(32), purpose: 'report' } },
    );
    const proof = await waitFor(
      'the seal',
      async () => {
        const found = await harness.ledger.queries.proof({ id: entry!.id });
        return found === 'not_sealed' || found === null ? undefined : found;
      },
      5_000,
    );
    expect(proof).toMatchObject({ entry: entry!.id, seal: { partition: partitionOf(id, partitions) } });
    const hex = (text: string): Buffer => Buffer.from(text, 'hex');
    expect(leafHash(sha256, proof.leaf).toString('hex')).toBe(proof.leaf_hash);
    const root = rootOf(sha256, {
      leafHash: hex(proof.leaf_hash),
      index: proof.leaf_index,
      size: proof.tree_size,
      path: proof.path.map(hex),
    });
    expect(root?.toString('hex')).toBe(proof.seal.root);
  });
});
