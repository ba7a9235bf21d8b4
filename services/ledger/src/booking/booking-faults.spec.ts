import { describe, expect, it } from '@jest/globals';
import type { Answer } from '@tollgate/contracts';
import type { LogRecord } from '@tollgate/messaging';

import { MemoryBookStore } from '../testing/memory-book-store.ts';
import type { BookingPorts } from './book-group.ts';
import { bookGroup } from './book-group.ts';
import { createAccountCache, createRecentAnswers, PartitionState } from './partition-state.ts';
import type { PartitionCommit } from './ports.ts';
import { CommitError } from './ports.ts';
import { readRecords } from './read-records.ts';

const record = (offset: number, id: string, more: object): LogRecord => ({
  offset,
  timeMs: 1_800_000_000_000 + offset,
  key: '',
  headers: { 'reply-to': 'test', waiter: String(offset) },
  value: JSON.stringify({ v: 1, source: 'http:test', id, account: 'w', ...more }),
});
const opening = record(0, 'open', { type: 'open', data: { kind: 'wallet', unit: 'u', grant: '10' } });
const spend = (offset: number, id: string) => record(offset, id, { type: 'spend', data: { amount: '1' } });

/** A store whose commits are interfered with; `fault` sees each commit and may throw before or after it happens. */
class FaultyStore extends MemoryBookStore {
  commits = 0;
  before: (commit: PartitionCommit | undefined, turn: number) => void = () => undefined;
  after: (turn: number) => void = () => undefined;
  override async commit(group: readonly PartitionCommit[]): Promise<void> {
    const turn = ++this.commits;
    this.before(group[0], turn);
    await super.commit(group);
    this.after(turn);
  }
}

async function booked(store: FaultyStore, records: readonly LogRecord[]) {
  const answers = new Map<number, Answer>();
  let pauses = 0;
  const ports: BookingPorts = {
    store,
    answer: (batch) => [...batch.values()].flat().forEach(([waiter, answer]) => answers.set(waiter, answer)),
    clockReached: () => undefined,
    warn: () => undefined,
    pause: async () => {
      if (++pauses > 20) throw new Error('paused for ever');
    },
  };
  const state = new PartitionState(await store.claim(), {
    accounts: createAccountCache(100),
    recent: createRecentAnswers(100),
  });
  state.timers.load([], Infinity);
  const outcomes = await bookGroup(ports, [{ state, records: readRecords(records, state.decidedTimeMs) }]);
  return { answers, outcomes, balance: [...store.folded().values()][0]?.balance };
}
const unknown = (): never => {
  throw new CommitError({ why: 'unknown', detail: 'connection lost' });
};

// Guarantee: rule 1; a broker whose clock was set back lets no hold, lot or period come to life again.
it('keeps time from going back, in a batch and from one batch to the next', async () => {
  const store = new FaultyStore();
  const at = (timeMs: number, one: LogRecord): LogRecord => ({ ...one, timeMs });
  await booked(store, [at(5_000, opening), at(9_000, spend(1, 'a')), at(7_000, spend(2, 'b'))]);
  await booked(store, [at(1_000, spend(3, 'c')), at(9_500, spend(4, 'd'))]);
  expect(store.entries.map(({ recordedMs }) => recordedMs)).toEqual([5_000, 5_000, 9_000, 9_000, 9_000, 9_500]);
});

describe('a commit that fails', () => {
  // Guarantee: rule 5; a lost connection around COMMIT must neither lose nor double a batch.
  it('is not repeated when it happened although the connection was lost', async () => {
    const store = new FaultyStore();
    store.after = (turn) => void (turn === 1 && unknown());
    const { answers, balance } = await booked(store, [opening, spend(1, 'a'), spend(2, 'b')]);
    expect(store.commits).toBe(1);
    expect(balance).toBe(8n);
    expect([...answers.keys()]).toEqual([0, 1, 2]);
  });

  it('is repeated when it did not happen', async () => {
    const store = new FaultyStore();
    store.before = (_, turn) => void (turn <= 3 && unknown());
    const { balance, answers } = await booked(store, [opening, spend(1, 'a')]);
    expect([store.commits, balance, answers.size]).toEqual([4, 9n, 2]);
  });

  it('is given up, unanswered, when another instance owns the partition (rule 5)', async () => {
    const store = new FaultyStore();
    store.before = () => {
      store.position = { ...store.position, epoch: 2 };
      throw new CommitError({ why: 'fenced' });
    };
    const { answers, outcomes } = await booked(store, [opening, spend(1, 'a')]);
    expect(outcomes.map(({ result }) => result)).toEqual(['lost']);
    expect([answers.size, store.entries.length]).toEqual([0, 0]);
  });

  it('leaves the partition in doubt when the position moved without us', async () => {
    const store = new FaultyStore();
    store.before = () => {
      store.position = { ...store.position, nextOffset: 1 };
      throw new CommitError({ why: 'fenced' });
    };
    const { outcomes, answers } = await booked(store, [opening, spend(1, 'a')]);
    expect([outcomes[0]?.result, answers.size]).toEqual(['doubt', 0]);
  });

  // Guarantee: rule 13; one value that PostgreSQL refuses must not stop a partition, nor take its neighbours with it.
  it('for one value alone dead-letters that record, answers its caller, and books the others', async () => {
    const store = new FaultyStore();
    const letters: number[] = [];
    store.before = (commit) => {
      if (commit?.entries.some(({ requestId }) => requestId === 'bad'))
        throw new CommitError({ why: 'unstorable', detail: '22021 invalid byte sequence' });
      for (const { offset } of commit?.deadLetters ?? []) letters.push(offset);
    };
    const { answers, balance } = await booked(store, [
      opening,
      spend(1, 'a'),
      spend(2, 'bad'),
      spend(3, 'b'),
      spend(4, 'c'),
    ]);
    expect(balance).toBe(7n);
    expect(letters).toEqual([2]);
    expect(answers.get(2)).toMatchObject({ outcome: 'refused', problem: { code: 'REQUEST_INVALID' } });
    expect(answers.get(4)).toMatchObject({ outcome: 'booked', available: '7' });
  });

  it('for a request that was booked before looks it up and answers with the first answer (rule 11)', async () => {
    const store = new FaultyStore();
    await booked(store, [opening, spend(1, 'a')]);
    store.before = (commit, turn) => {
      if (turn === 3 && commit) throw new CommitError({ why: 'duplicate', partition: 0 });
    };
    store.commits = 2;
    const { answers, balance } = await booked(store, [spend(2, 'a'), spend(3, 'b')]);
    expect(balance).toBe(8n);
    expect(answers.get(2)).toMatchObject({ replayed: true, available: '9' });
    expect(answers.get(3)).toMatchObject({ replayed: false, available: '8' });
  });
});
