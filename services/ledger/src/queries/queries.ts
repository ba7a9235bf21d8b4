import type { LedgerQueries } from '@tollgate/contracts';
import { topics } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';

import { isoTime } from '../domain/iso-time.ts';
import { entryView } from '../domain/views.ts';
import { crossingsOf } from '../publishing/crossings.ts';
import { bookedAfter } from '../publishing/feed.ts';
import { accountOf } from './account.ts';
import { entriesPage, entryOrNull, holdOrNull, idOrNull, knownEvents } from './entries.ts';
import { eraseDetails } from './erasing.ts';
import { explain } from './explain.ts';
import { findAccounts } from './find-accounts.ts';
import type { QueryPorts } from './ports.ts';
import { proofOf } from './proof.ts';
import { requestOutcomes, walletsBelow } from './top-ups.ts';
import { usageOfPeriod } from './usage.ts';

/** Answers from memory where this instance owns the account, else from the books; committed state only (rule 12). */
export function makeQueries(ports: QueryPorts): LedgerQueries {
  return {
    account: (query) => accountOf(ports, query),
    accounts: (query) => findAccounts(ports, query),
    hasDescendants: ({ account: id }) => ports.reads.accounts.hasDescendants(partitionOf(id, ports.partitions), id),
    usage: (query) => usageOfPeriod(ports, query),
    entries: (query) => entriesPage(ports, query),
    entry: async ({ id }) => {
      const found = await entryOrNull(ports, id);
      return found && entryView(found.id.partition, found.entry);
    },
    ownedSince: async ({ account: id, owner }) => {
      const since = await ports.reads.accounts.ownedSince({
        partition: partitionOf(id, ports.partitions),
        account: id,
        owner,
      });
      return since && { seq: String(since.seq), recorded_at: isoTime(since.recordedMs) };
    },
    holdAccount: async ({ id }) => {
      const hold = holdOrNull(id, ports.partitions);
      return hold && ports.reads.accounts.accountNumbered(hold.partition, hold.ref);
    },
    explain: ({ id }) => explain(ports, id),
    proof: ({ id }) => proofOf(ports, id),
    known: (query) => knownEvents(ports, query),
    walletsBelow: (query) => walletsBelow(ports, query),
    requestOutcomes: (query) => requestOutcomes(ports, query),
    refused: (query) => ports.reads.refusals.refused(query),
    refusals: (query) =>
      ports.reads.refusals.refusals({
        ...query,
        partition: query.account === undefined ? null : partitionOf(query.account, ports.partitions),
      }),
    deadLetters: (query) => ports.reads.refusals.deadLetters(query),
    replayDeadLetter: ({ id }) => replayDeadLetter(ports, id),
    catalog: ({ catalog }) => ports.reads.catalog.booked(catalog),
    bookedAfter: (query) => bookedAfter(ports.reads.feed, query),
    crossings: (query) => crossingsOf(ports.reads.feed, query),
    eraseDetails: (query) => eraseDetails(ports, query),
    partitions: async () => {
      const mine = new Map(ports.views().map((view) => [view.partition, view]));
      const stored = await ports.reads.feed.positions();
      return stored.map(
        (position) =>
          mine.get(position.partition) ?? {
            ...position,
            state: position.reason === undefined ? 'elsewhere' : 'halted',
          },
      );
    },
  };
}

/** Nobody waits for a replayed record: it is booked, refused (which is kept) or becomes a dead letter again. */
async function replayDeadLetter(ports: QueryPorts, text: string): ReturnType<LedgerQueries['replayDeadLetter']> {
  const id = idOrNull(text, ports.partitions);
  const letter = id && (await ports.reads.refusals.deadLetter(id));
  if (!id || !letter) return null;
  const [appended] = await ports.append([{ topic: topics.usageEvents, partition: id.partition, ...letter }]);
  return appended ?? null;
}
