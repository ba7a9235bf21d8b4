import type { LimitCount } from '../domain/account/account.ts';

type OrNull = string | null;
/** One of the counts of `ledger.limit_counts`. */
export type LimitCountTuple = readonly [
  startMs: string,
  endMs: string,
  used: string,
  earlierStartMs: OrNull,
  earlierEndMs: OrNull,
  earlierUsed: OrNull,
];

export const toRowLimitCounts = (counts: readonly LimitCount[]): string =>
  JSON.stringify(
    counts.map(({ period, used, earlier }): LimitCountTuple => [
      String(period.startMs),
      String(period.endMs),
      String(used),
      ...(earlier
        ? ([String(earlier.period.startMs), String(earlier.period.endMs), String(earlier.used)] as const)
        : ([null, null, null] as const)),
    ]),
  );

export const fromRowLimitCounts = (tuples: readonly LimitCountTuple[]): readonly LimitCount[] =>
  tuples.map(([startMs, endMs, used, earlierStartMs, earlierEndMs, earlierUsed]) => ({
    period: { startMs: Number(startMs), endMs: Number(endMs) },
    used: BigInt(used),
    earlier:
      earlierStartMs === null || earlierEndMs === null || earlierUsed === null
        ? null
        : { period: { startMs: Number(earlierStartMs), endMs: Number(earlierEndMs) }, used: BigInt(earlierUsed) },
  }));
