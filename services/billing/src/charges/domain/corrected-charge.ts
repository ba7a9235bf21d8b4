import { uuidV5 } from '@tollgate/kernel';

import type { Charge, ChargeEvent } from './charge.ts';
import { corrected, keyWindowMs } from './charging.ts';

/** Refunds of a charge's current payment, made and pending. */
export type Refunded = {
  /** Refunds that succeeded. */
  readonly minor: bigint;
  /** A refund was sent and its outcome is not known yet. */
  readonly underWay: boolean;
};

/**
 * What must follow, in the same transaction, from what a charge has become (rule 18, ADR 19); null: nothing. A block
 * that is owed is paid once, one that is not is cancelled or credited:
 *
 * | | not owed any more | owed again |
 * |---|---|---|
 * | untried | cancelled | – |
 * | cancelled by a correction | – | revived |
 * | paid | credited, a refund is proposed | – |
 * | credited, not refunded | – | the credit is taken back |
 * | credited and refunded | – | opened again, to be paid anew |
 *
 * Whatever was sent and has no outcome yet is waited for.
 */
export function consequence(charge: Charge, refunded: Refunded, nowMs: number): ChargeEvent | null {
  const { status, owed, version } = charge;
  if (status === 'pending' && !owed && isUntried(charge, nowMs)) return { type: 'ChargeCancelled', reason: corrected };
  if (status === 'cancelled' && owed && charge.reason === corrected) return { type: 'ChargeRevived', nextTryMs: nowMs };
  if (status !== 'succeeded') return null;
  if (!owed && charge.creditedMs === null) {
    const left = charge.amountMinor - refunded.minor;
    const note =
      left <= 0n
        ? null
        : {
            id: uuidV5(charge.id, `credit:${version}`),
            refund: uuidV5(charge.id, `refund:${version}`),
            amountMinor: String(left),
          };
    return { type: 'ChargeCredited', creditedMs: nowMs, note };
  }
  if (!owed || charge.creditedMs === null || refunded.underWay) return null;
  if (refunded.minor >= charge.amountMinor) return { type: 'ChargeReopened', nextTryMs: nowMs };
  return { type: 'CreditTakenBack', creditNote: charge.creditNote, reversal: uuidV5(charge.id, `reversal:${version}`) };
}

/**
 * Nothing was ever sent, and no restored database forgot that something was: what is older is looked for at Stripe
 * first.
 */
const isUntried = ({ attempts, crossedMs }: Charge, nowMs: number): boolean =>
  attempts === 0 && crossedMs !== null && nowMs - crossedMs <= keyWindowMs;
