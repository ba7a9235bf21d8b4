import { divCeil } from '@tollgate/kernel';

/** Included units a period, then a price per started block (surfaces §5). Amounts in minor units of `currency`. */
export type PricePlan = {
  readonly included: bigint;
  readonly block: bigint;
  readonly blockPriceMinor: bigint;
  readonly fixedFeeMinor: bigint;
  readonly currency: string;
  readonly timeZone: string;
  /** How long after its end a period still takes usage that happened in it (rule 17). */
  readonly graceMs: number;
};

export const defaultPricePlan: PricePlan = {
  included: 8_000_000n,
  block: 8_000_000n,
  blockPriceMinor: 10_000n,
  fixedFeeMinor: 40_000n,
  currency: 'BRL',
  timeZone: 'UTC',
  graceMs: 3_600_000,
};

/** Blocks started beyond what is included: k(t) of surfaces §5. 8,000,000 → 0, 8,000,001 → 1, 25M → 3. */
export function overageBlocks(used: bigint, plan: PricePlan): bigint {
  return used <= plan.included ? 0n : divCeil(used - plan.included, plan.block);
}

/**
 * What a block is called: "0-8M" while none was entered, "8M-16M" for the first, in millions where it is a whole
 * number.
 */
export function tierLabel(blocks: bigint, plan: PricePlan): string {
  if (blocks === 0n) return `0-${millions(plan.included)}`;
  const from = plan.included + (blocks - 1n) * plan.block;
  return `${millions(from)}-${millions(from + plan.block)}`;
}

const million = 1_000_000n;
const millions = (units: bigint): string => (units % million === 0n ? `${units / million}M` : String(units));
