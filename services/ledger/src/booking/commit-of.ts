import { createHash } from 'node:crypto';

import type { BatchResult } from './decide-batch.ts';
import type { PartitionState } from './partition-state.ts';
import type { PartitionCommit, StoredPosition } from './ports.ts';
import type { ReadRecord } from './read-records.ts';

/** First 32 hex digits of the SHA-256 of a record's value: how the last booked record is recognised (rule 2). */
export const recordDigest = (value: string): string => createHash('sha256').update(value).digest('hex').slice(0, 32);

/** After this many decided records the position is committed even when nothing was written. */
const idleRecordsMax = 10_000;

/** Whether a batch wrote anything: repeats and refusals alone need no transaction. */
export function writesSomething(state: PartitionState, result: BatchResult, nextOffset: number): boolean {
  const { entries, items } = result.journal;
  return (
    entries.length > 0 ||
    items.length > 0 ||
    result.refusals.length > 0 ||
    result.deadLetters.length > 0 ||
    nextOffset - state.position.nextOffset > idleRecordsMax
  );
}

/** What one partition commits for a decided batch. Interned names are numbered in the order of the entries. */
export function commitOf(state: PartitionState, result: BatchResult, last: ReadRecord): PartitionCommit {
  const { position } = state;
  const names: { name: number; text: string }[] = [];
  const added = new Map<string, number>();
  let lastName = position.lastName;
  const nameOf = (text: string): number => {
    const known = state.name(text) ?? added.get(text);
    if (known !== undefined) return known;
    lastName++;
    added.set(text, lastName);
    names.push({ name: lastName, text });
    return lastName;
  };
  for (const entry of result.journal.entries) {
    nameOf(entry.unit);
    nameOf(entry.contra);
    nameOf(entry.source);
  }
  const to: StoredPosition = {
    partition: position.partition,
    epoch: position.epoch,
    topicId: position.topicId,
    logBase: position.logBase,
    nextOffset: last.record.offset + 1,
    lastTimeMs: last.timeMs,
    lastRecord: recordDigest(last.record.value),
    lastSeq: result.journal.lastSeq,
    lastAccount: result.journal.lastRef,
    lastName,
    timer: result.swept ?? state.decidedTimer,
  };
  return {
    partition: position.partition,
    from: position,
    to,
    entries: result.journal.entries,
    names,
    nameOf,
    items: result.journal.items,
    refusals: result.refusals,
    deadLetters: result.deadLetters,
  };
}
