import type { Details } from '@tollgate/contracts';
import { accountKinds } from '@tollgate/contracts';
import { invariant } from '@tollgate/kernel';

import type { Contra, Crossing, Entry, EntryKind, EntryRate } from '../domain/entry.ts';
import { entryKinds } from '../domain/entry.ts';
import { fromRowCrossing } from './crossing-row.ts';

/** A row of `ledger.entries` with its interned names spelled out and the words beside it. */
export type EntryRow = {
  readonly partition: number;
  readonly kind: number;
  readonly ordinal: number;
  readonly late: boolean;
  readonly account: number;
  readonly partition_seq: bigint;
  readonly seq: bigint;
  readonly amount: bigint;
  readonly balance_after: bigint;
  readonly held_after: bigint;
  readonly used_after: bigint;
  readonly log_offset: bigint;
  readonly occurred_at: Date;
  readonly recorded_at: Date;
  readonly available_after: bigint | null;
  readonly lot: bigint | null;
  readonly lot_left: bigint | null;
  readonly hold: bigint | null;
  readonly period_start: Date | null;
  readonly corrects: bigint | null;
  readonly request_id: string;
  readonly content_hash: Buffer | null;
  readonly rate: string | null;
  readonly account_id: string;
  readonly account_kind: number;
  readonly unit_text: string;
  readonly contra_text: string;
  readonly source_text: string;
  readonly content: Omit<Details, 'salt'> | null;
  /** Read for first answers only: start and end in seconds since 1970. */
  readonly crossings?: readonly CrossingTuple[] | null;
};

type CrossingTuple = readonly [
  startS: number,
  endS: number,
  block: string,
  plan: string,
  charge: string | null,
  version: number | null,
  tier: string | null,
  amount: string | null,
  currency: string | null,
];

const kindByNumber = new Map<number, EntryKind>(
  Object.entries(entryKinds).map(([name, number]) => [number, name as EntryKind]),
);

/** The kind that a column's number stands for. */
export function kindOf(number: number): EntryKind {
  const kind = kindByNumber.get(number);
  invariant(kind, `there is no entry kind ${number}`);
  return kind;
}

/** An entry as it was booked, without the version rows beside it. */
export function fromRowEntry(row: EntryRow): Entry {
  const kind = kindByNumber.get(row.kind);
  const accountKind = accountKinds[row.account_kind];
  invariant(kind && accountKind, `entry ${row.partition}-${row.partition_seq} has a kind that does not exist`);
  return {
    partitionSeq: Number(row.partition_seq),
    ref: row.account,
    account: row.account_id,
    accountKind,
    unit: row.unit_text,
    seq: Number(row.seq),
    kind,
    amount: row.amount,
    balanceAfter: row.balance_after,
    heldAfter: row.held_after,
    usedAfter: row.used_after,
    contra: row.contra_text as Contra,
    lot: numberOrNull(row.lot),
    lotLeft: row.lot_left,
    hold: numberOrNull(row.hold),
    source: row.source_text,
    requestId: row.request_id,
    ordinal: row.ordinal,
    hash: row.content_hash?.toString('hex') ?? null,
    periodStartMs: row.period_start?.getTime() ?? null,
    late: row.late,
    rate: row.rate === null ? null : (JSON.parse(row.rate) as EntryRate),
    corrects: numberOrNull(row.corrects),
    occurredMs: row.occurred_at.getTime(),
    recordedMs: row.recorded_at.getTime(),
    offset: Number(row.log_offset),
    details: row.content ? { salt: '', ...row.content } : null,
    availableAfter: row.available_after,
    opened: null,
    terms: null,
    lotRows: [],
    holdRows: [],
    counterRows: [],
    limitCounts: null,
    crossings: crossingsOf(row),
    blockChanges: [],
    timers: [],
  };
}

function crossingsOf(row: EntryRow): readonly Crossing[] {
  return (row.crossings ?? []).map(([startS, endS, block, plan, charge, version, tier, amount, currency]) =>
    fromRowCrossing(row.account_id, {
      period_start: new Date(startS * 1000),
      period_end: new Date(endS * 1000),
      block: BigInt(block),
      plan,
      charge_id: charge,
      plan_version: version,
      billing_tier: tier,
      amount_minor: amount === null ? null : BigInt(amount),
      currency,
    }),
  );
}

const numberOrNull = (value: bigint | null): number | null => (value === null ? null : Number(value));
