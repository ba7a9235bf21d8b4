import type { AccountSettings, AccountStatus } from '@tollgate/contracts';
import { accountKinds } from '@tollgate/contracts';

import type { EntryRate } from '../../domain/entry.ts';
import type { Target } from '../../domain/target.ts';
import { movedLot } from '../../domain/target.ts';
import { fromRowSettings } from '../../postgres/account-row.ts';
import { kindOf } from '../../postgres/entry-row.ts';

type CountedColumn =
  readonly [startMs: string, endMs: string, used: string, highWater: string, usedBefore: string] | null;
type PricedColumn = readonly [name: string, version: number] | null;
export type TargetRow = {
  readonly source_text: string;
  readonly request_id: string;
  readonly ordinal: number;
  readonly partition: number;
  readonly partition_seq: bigint;
  readonly account_id: string;
  readonly kind: number;
  readonly amount: bigint;
  readonly lot: bigint | null;
  readonly hold: bigint | null;
  readonly period_start: Date | null;
  readonly priority: number | null;
  readonly expires_at: Date | null;
  readonly account_kind: number;
  readonly balance_after: bigint;
  readonly purchased: boolean | null;
  readonly corrected: bigint;
  readonly expired: bigint;
  readonly extended: bigint;
  readonly corrects: bigint | null;
  readonly budgets:
    readonly (readonly [id: string, startMs: string | null, counted: CountedColumn, priced: PricedColumn])[] | null;
  readonly status_before: AccountStatus | null;
  readonly settings_before: AccountSettings | null;
  readonly settings_after: AccountSettings | null;
  readonly counted: CountedColumn;
  readonly priced: PricedColumn;
  readonly occurred_at: Date;
  readonly recorded_at: Date;
  readonly rate: string | null;
  readonly covered: boolean;
};

export function fromRowTarget(row: TargetRow): Target {
  return {
    partitionSeq: Number(row.partition_seq),
    account: row.account_id,
    source: row.source_text,
    requestId: row.request_id,
    ordinal: row.ordinal,
    kind: kindOf(row.kind),
    amount: row.amount,
    corrected: row.corrected,
    expired: row.expired,
    lot:
      row.lot === null || !hasMovedLot(row)
        ? null
        : {
            lot: Number(row.lot),
            priority: row.priority ?? 100,
            expiresMs: row.expires_at?.getTime() ?? null,
            purchased: row.purchased ?? false,
          },
    hold: row.hold === null ? null : Number(row.hold),
    extended: row.extended,
    corrects: row.corrects === null ? null : Number(row.corrects),
    periodStartMs: row.period_start?.getTime() ?? null,
    occurredMs: row.occurred_at.getTime(),
    recordedMs: row.recorded_at.getTime(),
    model: modelIn(row.rate),
    covered: row.covered,
    counted: fromCounted(row.counted),
    priced: fromPriced(row.priced),
    budgets: (row.budgets ?? []).map(([id, startMs, counted, priced]) => ({
      id,
      periodStartMs: startMs === null ? null : Number(startMs),
      counted: fromCounted(counted),
      priced: fromPriced(priced),
    })),
    statusBefore: row.status_before ?? 'active',
    settings:
      row.settings_before && row.settings_after
        ? { before: fromRowSettings(row.settings_before), after: fromRowSettings(row.settings_after) }
        : null,
  };
}

const hasMovedLot = ({ account_kind: kind, amount, balance_after: balanceAfter, covered }: TargetRow): boolean =>
  movedLot({
    accountKind: accountKinds[kind] ?? 'wallet',
    amount,
    balanceAfter,
    contra: covered ? 'goodwill' : 'none',
  });

const modelIn = (rate: string | null): string | null =>
  rate === null ? null : ((JSON.parse(rate) as EntryRate).inputs['model'] ?? null);

const fromPriced = (priced: PricedColumn): Target['priced'] => priced && { name: priced[0], version: priced[1] };

function fromCounted(counted: CountedColumn): Target['counted'] {
  if (counted === null) return null;
  const [startMs, endMs, used, highWater, usedBefore] = counted;
  return {
    period: { startMs: Number(startMs), endMs: Number(endMs) },
    used: BigInt(used),
    highWater: BigInt(highWater),
    usedBefore: BigInt(usedBefore),
  };
}
