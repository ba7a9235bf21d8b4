import { calendarUnitOf } from '@tollgate/pricing';

import { Refusal } from '../decision.ts';
import type { Account, Settings } from './account.ts';

/** Settings that have no meaning for a kind are refused. */
export function settingsRefusal(kind: Account['kind'], settings: Settings): Refusal | null {
  const detail =
    memberFault(kind, settings) ?? tierFault(kind, settings) ?? zoneFault(settings) ?? planFault(kind, settings);
  return detail === null ? null : new Refusal('REQUEST_INVALID', detail);
}

function memberFault(kind: Account['kind'], settings: Settings): string | null {
  if (settings.overdraft !== null && kind !== 'wallet' && kind !== 'credits')
    return `a ${kind} account has no overdraft`;
  if (settings.allowance !== null && kind !== 'credits') return 'only credits accounts have an allowance';
  if (settings.allowance !== null && settings.period === null) return 'an allowance needs a period';
  if (settings.trialEndMs !== null && kind !== 'licence') return 'only licence accounts have a trial';
  if ((settings.package !== null || settings.initialGift !== null) && kind !== 'wallet')
    return 'only wallets have a package';
  return null;
}

function tierFault(kind: Account['kind'], { tier, tierEndMs, baseAllowance, allowance }: Settings): string | null {
  if (tier === null && tierEndMs === null && baseAllowance === null) return null;
  if (kind !== 'credits') return 'only credits accounts have tiers';
  return tier === null || baseAllowance === null || allowance === null
    ? 'a tier needs an allowance and a base_allowance'
    : null;
}

function zoneFault({ timeZone, period, limits }: Settings): string | null {
  if (timeZone === null) return null;
  const periods = [period, ...limits.map((limit) => limit.period)];
  return periods.some((one) => one !== null && calendarUnitOf(one) !== null)
    ? null
    : 'time_zone is for calendar periods: without one, leave it out or set it to null';
}

const planFault = (kind: Account['kind'], { plan }: Settings): string | null =>
  plan !== null && kind !== 'metered' ? 'only metered accounts have a price plan' : null;
