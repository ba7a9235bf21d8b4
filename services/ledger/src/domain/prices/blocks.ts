import { chargeIdOf } from '@tollgate/contracts';
import { overageBlocks, tierLabel } from '@tollgate/pricing';

import type { Account, Counter } from '../account/account.ts';
import { Refusal } from '../decision.ts';
import type { BlockChange, Crossing } from '../entry.ts';
import type { BookedPlan } from './catalog.ts';

/** A counter before and after an entry. */
export type Moved = { readonly before: Counter; readonly after: Counter };
export type Blocks = { readonly crossings: readonly Crossing[]; readonly changes: readonly BlockChange[] };

/**
 * Each block is a row and a charge: more at once is a mistake in the report (at 8M tokens a block, 80 thousand
 * million).
 */
const crossingsMax = 10_000n;
const none: readonly never[] = [];
export const noBlocks: Blocks = { crossings: none, changes: none };

/**
 * What an entry does to the tier blocks of its period (rule 18). A block above the high-water mark is entered for the
 * first time: a crossing, once a period. One at or below it that usage falls under is left, and one that usage enters
 * again is regained; the mark never falls. So entered + regained − left blocks are those of what is used now.
 * Refused when one request enters more than 10,000 blocks, or `most` where that is less.
 */
export function blocksMoved(
  account: Pick<Account, 'id'>,
  { before, after }: Moved,
  { name, version, plan }: BookedPlan,
  most = crossingsMax,
): Blocks | Refusal {
  const { period } = after;
  if (!period) return noBlocks;
  const [usedBefore, usedAfter] = [overageBlocks(before.used, plan), overageBlocks(after.used, plan)];
  if (usedBefore === usedAfter) return noBlocks;
  const max = most < crossingsMax ? most : crossingsMax;
  if (usedAfter - usedBefore > max)
    return new Refusal('AMOUNT_OUT_OF_RANGE', `one request enters at most ${max} tier blocks`);
  const entered = overageBlocks(before.highWater, plan);
  const blockOf = (block: bigint): Crossing => ({
    periodStartMs: period.startMs,
    periodEndMs: period.endMs,
    block,
    plan: name,
    planVersion: version,
    label: tierLabel(block, plan),
    amountMinor: plan.blockPriceMinor,
    currency: plan.currency,
    charge: chargeIdOf({ account: account.id, periodStartMs: period.startMs, block }),
  });
  const crossings: Crossing[] = [];
  const changes: BlockChange[] = [];
  for (let block = usedAfter + 1n; block <= usedBefore; block++) changes.push({ ...blockOf(block), change: 'left' });
  for (let block = usedBefore + 1n; block <= usedAfter; block++) {
    if (block > entered) crossings.push(blockOf(block));
    else changes.push({ ...blockOf(block), change: 'regained' });
  }
  return { crossings, changes };
}
