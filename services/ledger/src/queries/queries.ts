import type {
  AccountView,
  CatalogItem,
  Explanation,
  KnownEvent,
  LedgerQueries,
  PartitionView,
  ProofView,
} from '@tollgate/contracts';
import { topics } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { ancestorsOf, AppError, partitionOf } from '@tollgate/kernel';
import type { EventLog } from '@tollgate/messaging';
import type { Period } from '@tollgate/pricing';
import { countedQuantities, countedUnits, quantitiesOf, rateUsage } from '@tollgate/pricing';

import type { PartitionBooks } from '../booking/partition-books.ts';
import type { Account } from '../domain/account/account.ts';
import type { Crossing, Entry, EntryKind } from '../domain/entry.ts';
import { entryKinds } from '../domain/entry.ts';
import { isoTime } from '../domain/iso-time.ts';
import { Book } from '../domain/journal.ts';
import type { BookedCard, Catalog } from '../domain/prices/catalog.ts';
import { emptyCatalog, withItem } from '../domain/prices/catalog.ts';
import type { EntryId, HoldId } from '../domain/request/request.ts';
import { parseEntryId, parseHoldId } from '../domain/request/request.ts';
import { accountView, entryView } from '../domain/views.ts';
import { crossingsOf } from '../publishing/crossings.ts';
import type { Standing } from '../publishing/domain/taken.ts';
import { bookedAfter } from '../publishing/feed.ts';
import type { Hash } from '../sealing/domain/merkle.ts';
import { leafHash, merklePath } from '../sealing/domain/merkle.ts';
import { leafText } from '../sealing/domain/seal.ts';
import type { SealStore } from '../sealing/sealer.ts';
import { leavesOf } from '../sealing/sealer.ts';
import { type DetailsStore, eraseDetails } from './erasing.ts';
import { findAccounts } from './find-accounts.ts';
import { requestOutcomes, walletsBelow } from './top-ups.ts';
import { usageOfPeriod } from './usage.ts';

/**
 * Which accounts a look-up goes through, at most `limit` of them. `limited`: those that have or had a limit of their
 * own.
 */
export type Candidates = {
  readonly after: readonly [partition: number, ref: number];
  readonly limit: number;
  readonly limited: boolean;
  readonly owner?: string;
  readonly unit?: string;
  readonly under?: string;
  readonly balanceBelow?: bigint;
};
export type Candidate = {
  readonly partition: number;
  readonly ref: number;
  readonly id: string;
  readonly fits: boolean;
};

/** Reads of committed rows. */
export interface BooksReader {
  accounts(partition: number, ids: readonly string[], at?: string): Promise<readonly Account[]>;
  hasDescendants(partition: number, id: string): Promise<boolean>;
  /** Accounts after a place, in the order of partition and number; `fits`: what the rows can tell speaks for it. */
  candidates(search: Candidates): Promise<readonly Candidate[]>;
  /** What was counted in the period that starts then, and the blocks entered in it. */
  usage(period: {
    readonly partition: number;
    readonly account: string;
    readonly startMs: number;
  }): Promise<{ readonly used: bigint; readonly crossings: readonly Crossing[] }>;
  /** null: no such account. */
  entries(page: {
    readonly partition: number;
    readonly account: string;
    readonly beforeSeq: number;
    readonly limit: number;
    readonly from?: string;
    readonly to?: string;
    readonly byUse: boolean;
    readonly kinds?: readonly EntryKind[];
    readonly total: boolean;
    readonly fromSeq?: number;
  }): Promise<{ readonly items: readonly Entry[]; readonly total?: number } | null>;
  entry(id: EntryId): Promise<Entry | null>;
  /**
   * Which of these requests of one partition are booked, by their places in the list, with the hashes of what they
   * said.
   */
  booked(
    partition: number,
    requests: readonly { readonly account: string; readonly source: string; readonly id: string }[],
  ): Promise<readonly { readonly place: number; readonly hash: string | null }[]>;
  /** Wallets of one partition below their bounds, by their last entries. */
  balancesBelow(
    partition: number,
    wallets: readonly { readonly account: string; readonly below: string }[],
  ): Promise<readonly { readonly id: string; readonly below: bigint }[]>;
  /** Which of these requests of one partition were refused with nobody waiting, by their places in the list. */
  refusedRequests(
    partition: number,
    requests: readonly { readonly account: string; readonly source: string; readonly id: string }[],
  ): Promise<readonly { readonly place: number; readonly code: string }[]>;
  /** The first entry under the present, unbroken ownership of `owner`; null: the owner is another. */
  ownedSince(of: {
    readonly partition: number;
    readonly account: string;
    readonly owner: string;
  }): Promise<{ readonly seq: number; readonly recordedMs: number } | null>;
  /** The id of an account by its number; null: there is none. */
  accountNumbered(partition: number, ref: number): Promise<string | null>;
  refused: LedgerQueries['refused'];
  refusals(
    page: Parameters<LedgerQueries['refusals']>[0] & { readonly partition: number | null },
  ): ReturnType<LedgerQueries['refusals']>;
  deadLetters: LedgerQueries['deadLetters'];
  /** The stored record of a dead letter. */
  deadLetter(id: EntryId): Promise<{ readonly key: string; readonly value: string } | null>;
  catalog: LedgerQueries['catalog'];
  /** The newest period that holds a time and was counted in; null: there is none. */
  periodHolding(query: {
    readonly partition: number;
    readonly account: string;
    readonly atMs: number;
  }): Promise<Period | null>;
  /** Every catalog version that a partition has booked, in its order. */
  items(partition: number): Promise<readonly { readonly item: CatalogItem; readonly bookedMs: number }[]>;
  card(partition: number, name: string, version: number): Promise<BookedCard | null>;
  /** Entries after a place of a partition, in order, and the crossings of the stretch. */
  after(
    partition: number,
    seq: number,
    limit: number,
  ): Promise<readonly { readonly entry: Entry; readonly crossings: readonly Crossing[] }[]>;
  /** How the accounts of entries of one partition stood after each and before it, in the order asked. */
  standings(
    partition: number,
    entries: readonly Entry[],
  ): Promise<readonly { readonly before: Standing | null; readonly after: Standing }[]>;
  /**
   * Blocks of periods that start in [from, to), after a place (partition, account, start of the period in ms, block).
   */
  crossings(page: {
    readonly from: string;
    readonly to: string;
    readonly after: readonly number[];
    readonly limit: number;
  }): Promise<
    readonly {
      readonly account: string;
      readonly crossing: Crossing;
      readonly id: EntryId;
      readonly recordedMs: number;
      readonly place: readonly number[];
    }[]
  >;
  positions(): Promise<readonly Pick<PartitionView, 'partition' | 'epoch' | 'next_offset' | 'last_seq' | 'reason'>[]>;
}

export type QueryPorts = {
  readonly reader: BooksReader;
  readonly seals: SealStore;
  readonly hash: Hash;
  readonly clock: Clock;
  readonly partitions: number;
  /** The committed state in memory, where this instance owns the partition. */
  readonly owned: (partition: number) => PartitionBooks | null;
  readonly views: () => readonly PartitionView[];
  readonly details: DetailsStore;
  readonly append: Pick<EventLog, 'append'>['append'];
};

/** Answers from memory where this instance owns the account, else from the books; committed state only (rule 12). */
export function makeQueries(ports: QueryPorts): LedgerQueries {
  return {
    account: (query) => account(ports, query),
    accounts: (query) => findAccounts(ports, query),
    hasDescendants: ({ account: id }) => ports.reader.hasDescendants(partitionOf(id, ports.partitions), id),
    usage: (query) => usageOfPeriod(ports, query),
    entries: (query) => entriesPage(ports, query),
    entry: async ({ id }) => {
      const found = await entryOrNull(ports, id);
      return found && entryView(found.id.partition, found.entry);
    },
    ownedSince: async ({ account: id, owner }) => {
      const since = await ports.reader.ownedSince({ partition: partitionOf(id, ports.partitions), account: id, owner });
      return since && { seq: String(since.seq), recorded_at: isoTime(since.recordedMs) };
    },
    holdAccount: async ({ id }) => {
      const hold = holdOrNull(id, ports.partitions);
      return hold && ports.reader.accountNumbered(hold.partition, hold.ref);
    },
    explain: ({ id }) => explain(ports, id),
    proof: ({ id }) => proof(ports, id),
    known: (query) => known(ports, query),
    walletsBelow: (query) => walletsBelow(ports, (one) => account(ports, one), query),
    requestOutcomes: (query) => requestOutcomes(ports, query),
    refused: (query) => ports.reader.refused(query),
    refusals: (query) =>
      ports.reader.refusals({
        ...query,
        partition: query.account === undefined ? null : partitionOf(query.account, ports.partitions),
      }),
    deadLetters: (query) => ports.reader.deadLetters(query),
    replayDeadLetter: ({ id }) => replayDeadLetter(ports, id),
    catalog: (query) => ports.reader.catalog(query),
    bookedAfter: (query) => bookedAfter(ports, query),
    crossings: (query) => crossingsOf(ports, query),
    eraseDetails: (query) => eraseDetails(ports, query),
    partitions: async () => {
      const mine = new Map(ports.views().map((view) => [view.partition, view]));
      const stored = await ports.reader.positions();
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

/** An event's source is booked as `ce:<source>`. */
async function known(
  ports: QueryPorts,
  { events }: Parameters<LedgerQueries['known']>[0],
): ReturnType<LedgerQueries['known']> {
  const found = events.map((): KnownEvent => 'unknown');
  const byPartition = Map.groupBy(
    events.map((event, at) => ({ ...event, source: `ce:${event.source}`, at })),
    ({ account: id }) => partitionOf(id, ports.partitions),
  );
  for (const [partition, asked] of byPartition) {
    for (const { place, hash } of await ports.reader.booked(partition, asked)) {
      const event = asked[place];
      if (event)
        found[event.at] = event.hash === undefined || hash === null || event.hash === hash ? 'booked' : 'reused';
    }
  }
  return found;
}

async function account(
  ports: QueryPorts,
  { id, at }: { readonly id: string; readonly at?: string },
): Promise<AccountView | null> {
  const partition = partitionOf(id, ports.partitions);
  const books = at === undefined ? ports.owned(partition) : null;
  const ids = id.includes('/') ? [id, ...ancestorsOf(id)] : [id];
  const found = new Map<string, Account | null>();
  for (const wanted of ids) {
    const cached = books?.account(wanted);
    if (cached !== undefined) found.set(wanted, cached);
  }
  const missing = ids.filter((wanted) => !found.has(wanted));
  if (missing.length > 0)
    for (const loaded of await ports.reader.accounts(partition, missing, at)) found.set(loaded.id, loaded);
  const committed = found.get(id);
  if (!committed) return null;
  const nowMs = at === undefined ? ports.clock.nowMs() : Date.parse(at);
  return accountView(
    bookOf(partition, found, Math.max(nowMs, committed.lastRecordedMs), await catalogOf(ports, partition)),
    committed,
  );
}

/** The prices that a partition decides by. */
export async function catalogOf(ports: QueryPorts, partition: number): Promise<Catalog> {
  const owned = ports.owned(partition);
  if (owned) return owned.catalog;
  return (await ports.reader.items(partition)).reduce(
    (catalog, { item, bookedMs }) => withItem(catalog, item, bookedMs),
    emptyCatalog,
  );
}

export const bookOf = (
  partition: number,
  accounts: ReadonlyMap<string, Account | null>,
  nowMs: number,
  catalog: Catalog = emptyCatalog,
): Book => {
  const book = new Book({ partition, lastSeq: 0, lastRef: 0, catalog }, (id) => accounts.get(id) ?? undefined);
  book.nowMs = nowMs;
  return book;
};

const isEntryKind = (name: string): name is EntryKind => Object.hasOwn(entryKinds, name);

async function entriesPage(
  ports: QueryPorts,
  query: Parameters<LedgerQueries['entries']>[0],
): ReturnType<LedgerQueries['entries']> {
  const partition = partitionOf(query.account, ports.partitions);
  const beforeSeq = query.after === undefined ? Number.MAX_SAFE_INTEGER : Number(query.after);
  if (!Number.isSafeInteger(beforeSeq) || beforeSeq < 0)
    throw new AppError('invalid', 'REQUEST_INVALID', 'after is not a cursor of this list');
  const page = await ports.reader.entries({
    partition,
    account: query.account,
    beforeSeq,
    limit: query.limit,
    total: query.kinds !== undefined,
    byUse: query.by === 'use',
    ...(query.from === undefined ? {} : { from: query.from }),
    ...(query.to === undefined ? {} : { to: query.to }),
    ...(query.kinds === undefined ? {} : { kinds: query.kinds.filter(isEntryKind) }),
    ...(query.from_seq === undefined ? {} : { fromSeq: Number(query.from_seq) }),
  });
  if (!page) return null;
  const last = page.items.at(-1);
  return {
    items: page.items.map((entry) => entryView(partition, entry)),
    next: page.items.length === query.limit && last && last.seq > 1 ? String(last.seq) : null,
    ...(page.total === undefined ? {} : { total: page.total }),
  };
}

/** Nobody waits for a replayed record: it is booked, refused (and kept as refused) or a dead letter again. */
async function replayDeadLetter(ports: QueryPorts, text: string): ReturnType<LedgerQueries['replayDeadLetter']> {
  const id = idOrNull(text, ports.partitions);
  const letter = id && (await ports.reader.deadLetter(id));
  if (!id || !letter) return null;
  const [appended] = await ports.append([{ topic: topics.usageEvents, partition: id.partition, ...letter }]);
  return appended ?? null;
}

/** `<partition>-<number>`, as entries and dead letters are named. */
function idOrNull(text: string, partitions: number): EntryId | null {
  try {
    const id = parseEntryId(text);
    return id.partition < partitions ? id : null;
  } catch {
    return null;
  }
}

function holdOrNull(text: string, partitions: number): HoldId | null {
  try {
    const id = parseHoldId(text);
    return id.partition < partitions ? id : null;
  } catch {
    return null;
  }
}

async function entryOrNull(ports: QueryPorts, text: string): Promise<{ id: EntryId; entry: Entry } | null> {
  const id = idOrNull(text, ports.partitions);
  const entry = id && (await ports.reader.entry(id));
  return id && entry && { id, entry };
}

/** Each step from the quantities to the amount, so that a cost can be explained years later. */
async function explain(ports: QueryPorts, text: string): Promise<Explanation | null> {
  const found = await entryOrNull(ports, text);
  return found && explainEntry(ports.reader, found.id.partition, found.entry);
}

export async function explainEntry(
  reader: Pick<BooksReader, 'card'>,
  partition: number,
  entry: Entry,
): Promise<Explanation> {
  const view = entryView(partition, entry);
  const { rate } = entry;
  if (!rate)
    return {
      entry: view,
      rate: null,
      inputs: {},
      steps: [{ step: 'amount', formula: 'booked as asked', result: view.amount }],
      result: view.amount,
    };
  const { model } = rate.inputs;
  const quantities = quantitiesOf(rate.inputs);
  if (rate.version === 0) {
    const counted = countedQuantities(quantities);
    const result = countedUnits(quantities);
    const formula = counted.map(([name, quantity]) => `${name} ${quantity}`).join(' + ');
    const steps = [{ step: 'counted as they are', formula, result: String(result) }, amountStep(view.amount, result)];
    return { entry: view, rate: null, inputs: rate.inputs, steps, result: view.amount };
  }
  const booked = await reader.card(partition, rate.card, rate.version);
  const rated = booked && rateUsage(booked.card, rate.meter, { model, quantities });
  if (!booked || !rated)
    throw new AppError(
      'bug',
      'INVARIANT_BROKEN',
      `rate card ${rate.card} version ${rate.version} is missing from the books`,
    );
  return {
    entry: view,
    rate: { card: rate.card, version: rate.version, effective_from: isoTime(booked.fromMs) },
    inputs: rate.inputs,
    steps: [
      ...rated.steps.map(({ step, formula, result }) => ({ step, formula, result: String(result) })),
      amountStep(view.amount, rated.cost),
    ],
    result: view.amount,
  };
}

/**
 * From what the usage came to in all to what this entry took of it: usage is negative, and a request that burned
 * several grants has an entry for each.
 */
function amountStep(amount: string, total: bigint): Explanation['steps'][number] {
  const taken = String(-total);
  return {
    step: 'amount',
    formula: amount === taken ? taken : `of ${taken}, what this entry took from its grant`,
    result: amount,
  };
}

async function proof(ports: QueryPorts, text: string): Promise<ProofView | 'not_sealed' | null> {
  const found = await entryOrNull(ports, text);
  if (!found) return null;
  const { partition, seq } = found.id;
  const seal = await ports.seals.covering(partition, seq);
  if (!seal) return 'not_sealed';
  const size = seal.toSeq - seal.fromSeq + 1;
  const entries = await ports.seals.entries(partition, seal.fromSeq - 1, size);
  const leaves = leavesOf(ports.hash, partition, entries);
  const index = seq - seal.fromSeq;
  const own = entries[index];
  if (!own) throw new AppError('bug', 'INVARIANT_BROKEN', `entry ${text} is missing from its seal`);
  const leaf = leafText(partition, own.entry, own.commitmentHex);
  return {
    entry: text,
    leaf,
    leaf_hash: leafHash(ports.hash, leaf).toString('hex'),
    leaf_index: index,
    tree_size: size,
    path: merklePath(ports.hash, leaves, index).map((node) => node.toString('hex')),
    seal: {
      partition,
      number: String(seal.number),
      from_seq: String(seal.fromSeq),
      to_seq: String(seal.toSeq),
      root: seal.root.toString('hex'),
      previous: seal.previous.toString('hex'),
      seal_hash: seal.sealHash.toString('hex'),
      sealed_at: isoTime(seal.sealedMs),
    },
  };
}
