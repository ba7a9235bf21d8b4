import type { AccountSettings, AccountStatus } from '@tollgate/contracts';
import { accountKinds } from '@tollgate/contracts';
import { invariant } from '@tollgate/kernel';
import { copyOut, CopyReader } from '@tollgate/persistence';
import type pg from 'pg';

import type { Terms } from '../../domain/account/account.ts';
import type { HoldOutcome, HoldRow } from '../../domain/account/hold.ts';
import type { LotRow } from '../../domain/account/lot.ts';
import type { Contra, CounterRow, Entry, EntryRate } from '../../domain/entry.ts';
import { fromRowSettings } from '../../postgres/account-row.ts';
import { kindOf } from '../../postgres/entry-row.ts';
import type { LimitCountTuple } from '../../postgres/limit-counts-row.ts';
import { fromRowLimitCounts } from '../../postgres/limit-counts-row.ts';
import {
  countersBeside,
  holdsBeside,
  limitCountsBeside,
  lotsBeside,
  namesOfPartition,
  openedBeside,
  termsBeside,
} from './fold-books.sql.ts';

type Queryable = Pick<pg.ClientBase, 'query'>;
const readMax = 5_000;

const entryColumns = `kind, ordinal, late, account, contra, source, partition_seq, seq, amount,
  balance_after, held_after, used_after, log_offset, occurred_at, recorded_at, available_after, lot, lot_left, hold,
  period_start, corrects, request_id, content_hash, rate`;

type AccountNames = ReadonlyMap<number, Pick<Entry, 'account' | 'accountKind' | 'unit'>>;

/**
 * The entries of a partition in order, each with the version rows beside it: all that `evolve` needs to fold them
 * again. `client` is in a snapshot, or nothing is written meanwhile.
 */
export async function* entriesWithRows(client: pg.ClientBase, partition: number): AsyncGenerator<readonly Entry[]> {
  const names = await namesOf(client, partition);
  const accounts = await accountsOf(client, partition, names);
  const tables = await tablesInUse(client, partition);
  for (let after = 0; ;) {
    const entries = await readEntries(client, { partition, after, names, accounts });
    const last = entries.at(-1);
    if (!last) return;
    const beside = await rowsBeside(client, tables, [partition, after, last.partitionSeq]);
    yield entries.map((entry) => Object.assign(entry, beside(entry.partitionSeq)));
    after = last.partitionSeq;
  }
}

async function namesOf(client: pg.ClientBase, partition: number): Promise<ReadonlyMap<number, string>> {
  const { rows } = await client.query<{ name: number; text: string }>(namesOfPartition, [partition]);
  return new Map(rows.map(({ name, text }) => [name, text]));
}

async function accountsOf(
  client: pg.ClientBase,
  partition: number,
  names: ReadonlyMap<number, string>,
): Promise<AccountNames> {
  const found = new Map<number, Pick<Entry, 'account' | 'accountKind' | 'unit'>>();
  const reader = await copyOut(
    client,
    `select account, id, kind, unit from ledger.accounts where partition = ${partition}`,
  );
  while (reader.next()) {
    const ref = reader.int4();
    const account = reader.text();
    const accountKind = accountKinds[reader.int2()];
    invariant(accountKind, `account ${account} has a kind that does not exist`);
    found.set(ref, { account, accountKind, unit: names.get(reader.int4()) ?? '' });
  }
  return found;
}

async function readEntries(
  client: pg.ClientBase,
  of: {
    readonly partition: number;
    readonly after: number;
    readonly names: ReadonlyMap<number, string>;
    readonly accounts: AccountNames;
  },
): Promise<Entry[]> {
  const { partition, after, names, accounts } = of;
  const reader = await copyOut(
    client,
    `select ${entryColumns} from ledger.entries
    where partition = ${partition} and partition_seq > ${after} order by partition_seq limit ${readMax}`,
  );
  const entries: Entry[] = [];
  while (reader.next()) entries.push(readEntry(reader, names, accounts));
  return entries;
}

function readEntry(reader: CopyReader, names: ReadonlyMap<number, string>, accounts: AccountNames): Entry {
  const { int8, bigint, time, text, hex } = CopyReader.prototype;
  const kind = kindOf(reader.int2());
  const ordinal = reader.int2();
  const late = reader.bool();
  const ref = reader.int4();
  const { account, accountKind, unit } = accounts.get(ref) ?? { account: `#${ref}`, accountKind: 'wallet', unit: '' };
  const contra = (names.get(reader.int4()) ?? 'none') as Contra;
  const source = names.get(reader.int4()) ?? '';
  return {
    kind,
    ordinal,
    late,
    ref,
    account,
    accountKind,
    unit,
    contra,
    source,
    partitionSeq: reader.int8(),
    seq: reader.int8(),
    amount: reader.bigint(),
    balanceAfter: reader.bigint(),
    heldAfter: reader.bigint(),
    usedAfter: reader.bigint(),
    offset: reader.int8(),
    occurredMs: reader.time(),
    recordedMs: reader.time(),
    availableAfter: reader.orNull(bigint),
    lot: reader.orNull(int8),
    lotLeft: reader.orNull(bigint),
    hold: reader.orNull(int8),
    periodStartMs: reader.orNull(time),
    corrects: reader.orNull(int8),
    requestId: reader.text(),
    hash: reader.orNull(hex),
    rate: rateOf(reader.orNull(text)),
    details: null,
    opened: null,
    terms: null,
    lotRows: [],
    holdRows: [],
    counterRows: [],
    limitCounts: null,
    crossings: [],
    blockChanges: [],
    timers: [],
  };
}

const rateOf = (text: string | null): EntryRate | null => (text === null ? null : (JSON.parse(text) as EntryRate));

/** Version tables with rows of the partition; the others need not be read for each run of entries. */
async function tablesInUse(client: pg.ClientBase, partition: number): Promise<ReadonlySet<string>> {
  const tables = ['account_terms', 'lots', 'holds', 'counters', 'limit_counts'];
  const {
    rows: [row],
  } = await client.query<Record<string, boolean>>(
    `select ${tables
      .map(
        (table) => `exists (select from ledger.${table}
      where partition = $1) as ${table}`,
      )
      .join(', ')}`,
    [partition],
  );
  return new Set(tables.filter((table) => row?.[table]));
}

type Beside = Pick<Entry, 'terms' | 'lotRows' | 'holdRows' | 'counterRows' | 'limitCounts' | 'opened'>;
type Numbered = { readonly partition_seq: bigint };

type TermsRow = {
  readonly status: AccountStatus;
  readonly owner: string | null;
  readonly settings: AccountSettings;
  readonly limit_fetched_at: Date;
};
type LotVersion = {
  readonly lot: bigint;
  readonly left: bigint;
  readonly granted: bigint;
  readonly priority: number;
  readonly expires_at: Date | null;
  readonly floor: bigint;
  readonly purchased: boolean;
};
type HoldVersion = {
  readonly hold: bigint;
  readonly amount: bigint;
  readonly expires_at: Date;
  readonly parent: bigint | null;
  readonly budgets: string[];
  readonly outcome: HoldOutcome;
  readonly settled: bigint | null;
  readonly floor: bigint;
};
type CounterVersion = {
  readonly period_start_ms: bigint;
  readonly period_end_ms: bigint;
  readonly used: bigint;
  readonly high_water: bigint;
  readonly used_before: bigint;
};

async function rowsBeside(
  client: Queryable,
  tables: ReadonlySet<string>,
  range: readonly unknown[],
): Promise<(seq: number) => Beside> {
  const read = <Row extends object>(sql: string, table?: string): Promise<ReadonlyMap<number, readonly Row[]>> =>
    table === undefined || tables.has(table) ? readRows<Row>(client, sql, range) : Promise.resolve(new Map());
  const terms = await read<TermsRow>(termsBeside, 'account_terms');
  const lots = await read<LotVersion>(lotsBeside, 'lots');
  const holds = await read<HoldVersion>(holdsBeside, 'holds');
  const counters = await read<CounterVersion>(countersBeside, 'counters');
  const limitCounts = await read<{ counts: readonly LimitCountTuple[] }>(limitCountsBeside, 'limit_counts');
  const opened = await read<{ opened_at: Date }>(openedBeside);
  return (seq) => {
    const [term] = terms.get(seq) ?? [];
    const [opening] = opened.get(seq) ?? [];
    const [counted] = limitCounts.get(seq) ?? [];
    return {
      opened: opening ? { openedMs: opening.opened_at.getTime() } : null,
      terms: term ? fromRowTerms(term) : null,
      limitCounts: counted ? fromRowLimitCounts(counted.counts) : null,
      lotRows: (lots.get(seq) ?? []).map(fromRowLot),
      holdRows: (holds.get(seq) ?? []).map(fromRowHold),
      counterRows: (counters.get(seq) ?? []).map(fromRowCounter),
    };
  };
}

const fromRowTerms = ({ status, owner, settings, limit_fetched_at: fetched }: TermsRow): Terms => ({
  status,
  owner,
  settings: fromRowSettings(settings),
  limitFetchedMs: fetched.getTime(),
});

const fromRowLot = (row: LotVersion): LotRow => ({
  lot: Number(row.lot),
  left: row.left,
  granted: row.granted,
  priority: row.priority,
  expiresMs: row.expires_at?.getTime() ?? null,
  floor: Number(row.floor),
  purchased: row.purchased,
});

const fromRowHold = (row: HoldVersion): HoldRow => ({
  hold: Number(row.hold),
  amount: row.amount,
  expiresMs: row.expires_at.getTime(),
  parent: row.parent === null ? null : Number(row.parent),
  budgets: row.budgets,
  outcome: row.outcome,
  settled: row.settled,
  floor: Number(row.floor),
});

const fromRowCounter = (row: CounterVersion): CounterRow => ({
  period: row.period_start_ms < 0n ? null : { startMs: Number(row.period_start_ms), endMs: Number(row.period_end_ms) },
  used: row.used,
  highWater: row.high_water,
  usedBefore: row.used_before,
});

async function readRows<Row extends object>(
  client: Queryable,
  sql: string,
  range: readonly unknown[],
): Promise<ReadonlyMap<number, readonly Row[]>> {
  const { rows } = await client.query<Row & Numbered>(sql, [...range]);
  const bySeq = new Map<number, Row[]>();
  for (const row of rows) {
    const seq = Number(row.partition_seq);
    const list = bySeq.get(seq);
    if (list) list.push(row);
    else bySeq.set(seq, [row]);
  }
  return bySeq;
}
