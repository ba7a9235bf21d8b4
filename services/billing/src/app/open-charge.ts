import { chargeIdOf } from '@tollgate/contracts';
import { userOfAccount } from '../domain/metered-account.ts';
import type { ChargeStore, Crossing } from './charge-ports.ts';

/**
 * A crossing becomes a charge, once: its id follows from account, period and block (rule 26), its amount is what the ledger's
 * plan version says. Repeating it changes nothing.
 */
export const makeOpenCharge =
  (parts: { readonly store: Pick<ChargeStore, 'open'>; readonly nowMs: () => number; readonly wake: () => void }) =>
  async (crossing: Crossing): Promise<void> => {
    const { account, periodStartMs, periodEndMs, block, plan, billingTier, amountMinor, currency, entry, recordedMs } = crossing;
    const opened = await parts.store.open(crossing, {
      id: chargeIdOf({ account, periodStartMs, block }), account, userId: userOfAccount(account), periodStartMs, periodEndMs, block, plan,
      billingTier, amountMinor, currency, crossedMs: recordedMs, entry,
    }, parts.nowMs());
    if (opened) parts.wake();
  };
