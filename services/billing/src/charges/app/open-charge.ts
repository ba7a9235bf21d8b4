import { chargeIdOf } from '@tollgate/contracts';

import { userOfAccount } from '../domain/metered-account.ts';
import type { ChargeStore, Crossing, NewCharge } from './charge-ports.ts';

/**
 * A crossing becomes a charge, once: its id follows from account, period and block (rule 26), its amount is what the
 * ledger's plan version says. Repeating it changes nothing. A block that a correction left, or that was entered again,
 * changes its charge (ADR 19).
 */
export const makeOpenCharge =
  (parts: { readonly store: Pick<ChargeStore, 'take'>; readonly nowMs: () => number; readonly wake: () => void }) =>
  async (crossing: Crossing): Promise<void> => {
    // Only the first crossing tells when the block was entered.
    const charge = chargeOf({ ...crossing, recordedMs: crossing.change === 'entered' ? crossing.recordedMs : null });
    if (await parts.store.take(crossing, charge, parts.nowMs())) parts.wake();
  };

/** The charge of a crossing. */
export function chargeOf(crossing: Omit<Crossing, 'partition' | 'partitionSeq' | 'change'>): NewCharge {
  const { account, periodStartMs, periodEndMs, block, plan, billingTier, amountMinor, currency, entry, recordedMs } =
    crossing;
  return {
    id: chargeIdOf({ account, periodStartMs, block }),
    account,
    userId: userOfAccount(account),
    periodStartMs,
    periodEndMs,
    block,
    plan,
    billingTier,
    amountMinor,
    currency,
    crossedMs: recordedMs,
    entry,
  };
}
