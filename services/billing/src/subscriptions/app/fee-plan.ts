import type { LedgerQueries } from '@tollgate/contracts';
import { calendarMonth } from '@tollgate/pricing';

import type { PlanAt } from '../../catalog/app/catalog-ports.ts';
import { accountOfUser } from '../../charges/domain/metered-account.ts';
import type { CustomerStore } from '../../customers/app/customer-ports.ts';

/**
 * The monthly fee of a plan version, in minor units, and the period that it is for. `version` null: of an account that
 * was never opened.
 */
export type FeePlan = {
  readonly plan: string;
  readonly version: number | null;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
};
/** What a customer pays for the period in which a moment lies. */
export type FeePlanOf = (customerId: string, atMs: number) => Promise<FeePlan>;

const planDefault = 'default';

/**
 * The plan of the user whom the customer pays for decides fee and currency: the version in force as the period begins,
 * as the ledger says (rule 17). Of several users the first with a metered account counts; of none, the plan `default`
 * does.
 */
export const makeFeePlanOf =
  (parts: {
    readonly customers: Pick<CustomerStore, 'usersOf'>;
    readonly ledger: Pick<LedgerQueries, 'usage'>;
    readonly planAt: PlanAt;
  }): FeePlanOf =>
  async (customerId, atMs) => {
    for (const user of await parts.customers.usersOf(customerId)) {
      const usage = await parts.ledger.usage({ account: accountOfUser(user), at: new Date(atMs).toISOString() });
      if (usage === null) continue;
      const { name, version, fixed_fee: fee, currency } = usage.plan;
      return {
        plan: name ?? planDefault,
        version,
        amountMinor: BigInt(fee),
        currency,
        periodStartMs: Date.parse(usage.period.start),
        periodEndMs: Date.parse(usage.period.end),
      };
    }
    const plan = await parts.planAt(planDefault, atMs);
    const { startMs, endMs } = calendarMonth(atMs, plan.timeZone);
    return {
      plan: planDefault,
      version: null,
      amountMinor: plan.fixedFeeMinor,
      currency: plan.currency,
      periodStartMs: startMs,
      periodEndMs: endMs,
    };
  };
