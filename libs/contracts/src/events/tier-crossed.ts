import { z } from 'zod';

import type { CrossingView } from '../answers/ledger-answers.ts';
import { fromWire, type Place, place, time, toWire } from './envelope.ts';

/** How a tier block stands to the usage of its period since then (rule 18). */
export const blockChanges = {
  entered: 'TierCrossed',
  left: 'TierBlockLeft',
  regained: 'TierBlockRegained',
} as const;
export type BlockChange = keyof typeof blockChanges;

const whole = z.string().regex(/^[0-9]{1,18}$/);
/** `ledger.tier-crossings.v1`: a tier block was entered for the first time, left by a correction, or entered again. */
export const TierCrossed = z
  .object({
    ...place,
    partition_seq: whole,
    type: z.enum(['TierCrossed', 'TierBlockLeft', 'TierBlockRegained']),
    account: z.string().min(1),
    period_start: time,
    period_end: time,
    charge_id: z.string().exactOptional(),
    block: whole,
    plan: z.string(),
    plan_version: z.int().exactOptional(),
    billing_tier: z.string(),
    amount_minor: whole,
    currency: z.string(),
    entry: z.string(),
    recorded_at: time.exactOptional(),
  })
  .meta({
    description:
      'A metered account entered a tier block (TierCrossed), a correction took its usage below it ' +
      '(TierBlockLeft), or ' +
      'usage entered it again (TierBlockRegained). The price is that of the plan version at the start of the period.',
  });
export type TierCrossed = z.output<typeof TierCrossed>;

/** `entry`: the entry that entered the block. */
export function toWireTierCrossed(
  at: Place,
  {
    account,
    change,
    crossing,
    entry,
    recordedMs,
  }: {
    readonly account: string;
    readonly change: BlockChange;
    readonly crossing: CrossingView;
    readonly entry: string;
    readonly recordedMs: number;
  },
): string {
  const { period, ...block } = crossing;
  return toWire(at, {
    type: blockChanges[change],
    account,
    period_start: period.start,
    period_end: period.end,
    ...block,
    entry,
    recorded_at: new Date(recordedMs).toISOString(),
  });
}
export const fromWireTierCrossed = (raw: unknown): TierCrossed => fromWire(TierCrossed, raw, 'tier crossing');
