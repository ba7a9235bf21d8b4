import { accountKinds } from '@tollgate/contracts';
import { canonicalJson } from '@tollgate/kernel';

import type { Crossing, Entry } from '../../domain/entry.ts';
import { entryKinds, timerKinds } from '../../domain/entry.ts';
import { settingsView } from '../../domain/views.ts';
import { commitmentOf } from '../../postgres/details-commitment.ts';
import { toRowLimitCounts } from '../../postgres/limit-counts-row.ts';
import type { PartitionCommit } from '../ports.ts';
import { CopyBuffer } from './copy-buffer.ts';

/** The tables a group may write, in the order of their COPYs; columns in the order in which the encoder writes them. */
const tables = {
  entries: `partition, kind, ordinal, late, account, contra, source, partition_seq, seq, amount,
  balance_after, held_after, used_after, log_offset, occurred_at, recorded_at, available_after, lot, lot_left, hold,
  period_start, corrects, request_id, content_hash, rate`,
  names: 'partition, name, text',
  accounts: 'partition, account, id, kind, unit, opened_at',
  account_terms: 'partition, account, seq, status, owner, settings, limit_fetched_at',
  lots: 'partition, account, seq, lot, "left", granted, priority, expires_at, floor, purchased',
  holds: 'partition, account, seq, hold, amount, expires_at, parent, budgets, outcome, settled, floor',
  limit_counts: 'partition, account, seq, counts',
  counters: 'partition, account, seq, period_start_ms, period_end_ms, used, high_water, used_before',
  timers: 'partition, due_ms, account, kind, object',
  crossings:
    'partition, partition_seq, account, period_start, period_end, block, plan, charge_id, plan_version, ' +
    'billing_tier, amount_minor, currency',
  block_changes:
    'partition, partition_seq, account, period_start, period_end, block, plan, charge_id, plan_version, ' +
    'billing_tier, amount_minor, currency, change',
  details: 'partition, partition_seq, commitment, salt, content',
  catalog_versions: 'partition, catalog, name, version, booked_at, log_offset, item',
  refusals: 'partition, log_offset, account, source, request_id, type, code, detail, refused_at',
  dead_letters: 'partition, log_offset, reason, record_key, record_value, headers, recorded_at',
} as const;
type Table = keyof typeof tables;

/** COPY statements and their data, for what a group writes. */
export function encodeCommit(group: readonly PartitionCommit[]): {
  readonly statements: string;
  readonly copies: readonly Buffer[];
} {
  const buffers = new Map<Table, CopyBuffer>();
  const into = (table: Table, columns: number): CopyBuffer => {
    let buffer = buffers.get(table);
    if (!buffer) buffers.set(table, (buffer = new CopyBuffer(table === 'entries' ? 256 * 1024 : 4 * 1024)));
    return buffer.row(columns);
  };
  for (const commit of group) {
    for (const entry of commit.entries) encodeEntry(into, commit, entry);
    encodeRest(into, commit);
  }
  let statements = '';
  const copies: Buffer[] = [];
  for (const [table, columns] of Object.entries(tables)) {
    const buffer = buffers.get(table as Table);
    if (!buffer) continue;
    statements += `copy ledger.${table} (${columns}) from stdin (format binary);`;
    copies.push(buffer.finish());
  }
  return { statements, copies };
}

type Into = (table: Table, columns: number) => CopyBuffer;

function encodeEntry(into: Into, commit: PartitionCommit, entry: Entry): void {
  const { partition } = commit;
  into('entries', 25)
    .int2(partition)
    .int2(entryKinds[entry.kind])
    .int2(entry.ordinal)
    .bool(entry.late)
    .int4(entry.ref)
    .int4(commit.nameOf(entry.contra))
    .int4(commit.nameOf(entry.source))
    .int8(entry.partitionSeq)
    .int8(entry.seq)
    .bigint(entry.amount)
    .bigint(entry.balanceAfter)
    .bigint(entry.heldAfter)
    .bigint(entry.usedAfter)
    .int8(entry.offset)
    .time(entry.occurredMs)
    .time(entry.recordedMs)
    .bigintOrNull(entry.availableAfter)
    .int8OrNull(entry.lot)
    .bigintOrNull(entry.lotLeft)
    .int8OrNull(entry.hold)
    .timeOrNull(entry.periodStartMs)
    .int8OrNull(entry.corrects)
    .text(entry.requestId)
    .hexOrNull(entry.hash)
    .textOrNull(entry.rate ? JSON.stringify(entry.rate) : null);
  if (entry.opened || entry.terms) encodeTerms(into, commit, entry);
  encodeVersions(into, partition, entry);
  for (const timer of entry.timers)
    into('timers', 5).int2(partition).int8(timer.dueMs).int4(timer.ref).int2(timerKinds[timer.kind]).int8(timer.object);
  for (const crossing of entry.crossings) block(into('crossings', 12), commit, entry, crossing);
  for (const change of entry.blockChanges) block(into('block_changes', 13), commit, entry, change).text(change.change);
  if (entry.details) {
    const { salt, ...words } = entry.details;
    const content = canonicalJson(words);
    into('details', 5)
      .int2(partition)
      .int8(entry.partitionSeq)
      .bytes(commitmentOf(salt, content))
      .bytes(Buffer.from(salt, 'hex'))
      .jsonb(content);
  }
}

/** The opening and the terms of an account. */
function encodeTerms(into: Into, commit: PartitionCommit, entry: Entry): void {
  const { partition } = commit;
  if (entry.opened) {
    into('accounts', 6)
      .int2(partition)
      .int4(entry.ref)
      .text(entry.account)
      .int2(accountKinds.indexOf(entry.accountKind))
      .int4(commit.nameOf(entry.unit))
      .time(entry.opened.openedMs);
  }
  if (entry.terms) {
    const { status, owner, settings, limitFetchedMs } = entry.terms;
    into('account_terms', 7)
      .int2(partition)
      .int4(entry.ref)
      .int8(entry.seq)
      .text(status)
      .textOrNull(owner)
      .jsonb(JSON.stringify(settingsView(settings)))
      .time(limitFetchedMs);
  }
}

/** Version rows beside an entry (rule 15). */
function encodeVersions(into: Into, partition: number, entry: Entry): void {
  for (const row of entry.lotRows) {
    into('lots', 10)
      .int2(partition)
      .int4(entry.ref)
      .int8(entry.seq)
      .int8(row.lot)
      .bigint(row.left)
      .bigint(row.granted)
      .int4(row.priority)
      .timeOrNull(row.expiresMs)
      .int8(row.floor)
      .bool(row.purchased);
  }
  for (const row of entry.holdRows) {
    into('holds', 11)
      .int2(partition)
      .int4(entry.ref)
      .int8(entry.seq)
      .int8(row.hold)
      .bigint(row.amount)
      .time(row.expiresMs)
      .int8OrNull(row.parent)
      .jsonb(JSON.stringify(row.budgets))
      .text(row.outcome)
      .bigintOrNull(row.settled)
      .int8(row.floor);
  }
  if (entry.limitCounts)
    into('limit_counts', 4).int2(partition).int4(entry.ref).int8(entry.seq).jsonb(toRowLimitCounts(entry.limitCounts));
  for (const row of entry.counterRows) {
    into('counters', 8)
      .int2(partition)
      .int4(entry.ref)
      .int8(entry.seq)
      .int8(row.period?.startMs ?? -1)
      .int8(row.period?.endMs ?? -1)
      .bigint(row.used)
      .bigint(row.highWater)
      .bigint(row.usedBefore);
  }
}

const block = (buffer: CopyBuffer, { partition }: PartitionCommit, entry: Entry, of: Crossing): CopyBuffer =>
  buffer
    .int2(partition)
    .int8(entry.partitionSeq)
    .int4(entry.ref)
    .time(of.periodStartMs)
    .time(of.periodEndMs)
    .bigint(of.block)
    .text(of.plan)
    .bytes(Buffer.from(of.charge.replaceAll('-', ''), 'hex'))
    .int4(of.planVersion)
    .text(of.label)
    .bigint(of.amountMinor)
    .text(of.currency);

function encodeRest(into: Into, commit: PartitionCommit): void {
  const { partition } = commit;
  for (const { name, text } of commit.names) into('names', 3).int2(partition).int4(name).text(text);
  for (const { item, offset, bookedMs } of commit.items) {
    into('catalog_versions', 7)
      .int2(partition)
      .text(item.catalog)
      .text(item.name)
      .int4(item.version)
      .time(bookedMs)
      .int8(offset)
      .jsonb(JSON.stringify(item));
  }
  for (const row of commit.refusals) {
    into('refusals', 9)
      .int2(partition)
      .int8(row.offset)
      .text(row.account)
      .text(row.source)
      .text(row.id)
      .text(row.type)
      .text(row.code)
      .text(row.detail)
      .time(row.refusedMs);
  }
  for (const row of commit.deadLetters) {
    into('dead_letters', 7)
      .int2(partition)
      .int8(row.offset)
      .text(row.reason)
      .text(row.key)
      .text(row.value)
      .text(row.headers)
      .time(row.recordedMs);
  }
}
