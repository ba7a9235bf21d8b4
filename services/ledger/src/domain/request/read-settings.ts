import type { AccountLimit, SettingsChange } from '@tollgate/contracts';
import { isText } from '@tollgate/kernel';
import { isTimeZone, parsePeriod, timeZoneMessage } from '@tollgate/pricing';

import type { PeriodLimit, Settings } from '../account/account.ts';
import { sameLimit } from '../account/account.ts';
import { notNegative, parseTime, readFlag, refuse } from './read-fields.ts';

/** The settings with a change applied: what it leaves out stays, null takes a setting away. */
export function changed(current: Settings, change: SettingsChange, recordMs: number): Settings {
  const pick = <T>(value: string | null | undefined, old: T | null, read: (text: string) => T): T | null =>
    value === undefined ? old : value === null ? null : read(value);
  return {
    limit: pick(change.limit, current.limit, (text) => notNegative(text, 'limit')),
    limits: change.limits === undefined ? current.limits : readLimits(change.limits ?? [], current.limits, recordMs),
    detached: change.detached === undefined ? current.detached : readFlag(change.detached ?? false, 'detached'),
    overdraft: pick<bigint | 'unlimited'>(change.overdraft, current.overdraft, (text) =>
      text === 'unlimited' ? text : notNegative(text, 'overdraft'),
    ),
    allowance: pick(change.allowance, current.allowance, (text) => notNegative(text, 'allowance')),
    period: pick(change.period, current.period, (text) => parsePeriod(text)),
    timeZone: pick(change.time_zone, current.timeZone, (text) => (isTimeZone(text) ? text : refuse(timeZoneMessage))),
    trialEndMs: pick(change.trial_end, current.trialEndMs, (text) => parseTime(text, 'trial_end')),
    plan: pick(change.plan, current.plan, (text) =>
      isText(text, 128) ? text : refuse('plan is a text of 1 to 128 characters'),
    ),
    earlierPlans: current.earlierPlans,
    firstPlan: current.firstPlan,
    package: pick(change.package, current.package, (text) =>
      isText(text, 300) ? text : refuse('package is a text of 1 to 300 characters'),
    ),
    packageExpiresMs: pick(change.package_expires, current.packageExpiresMs, (text) =>
      parseTime(text, 'package_expires'),
    ),
    initialGift: pick(change.initial_gift, current.initialGift, (text) =>
      text === 'given' ? text : refuse('initial_gift is given'),
    ),
    tier: pick(change.tier, current.tier, (text) =>
      isText(text, 64) ? text : refuse('tier is a text of 1 to 64 characters'),
    ),
    tierEndMs: pick(change.tier_end, current.tierEndMs, (text) => parseTime(text, 'tier_end')),
    baseAllowance: pick(change.base_allowance, current.baseAllowance, (text) => notNegative(text, 'base_allowance')),
    periodFromMs: pick(change.period_from, current.periodFromMs, (text) => parseTime(text, 'period_from')),
    statusBefore: current.statusBefore,
  };
}

/** Limits of an account: each is checked and counted with every use. */
const limitsMax = 20;

/** A limit of the same period and model goes on counting; one that is new counts from now. */
function readLimits(
  given: readonly AccountLimit[],
  current: readonly PeriodLimit[],
  recordMs: number,
): readonly PeriodLimit[] {
  if (!Array.isArray(given) || given.length > limitsMax)
    return refuse(`limits is a list of at most ${limitsMax} limits`);
  const limits = (given as readonly AccountLimit[]).map((one) => readLimit(one, current, recordMs));
  const [twice] = limits.filter((one, index) => limits.findIndex((other) => sameLimit(one, other)) < index);
  if (twice)
    refuse(`limits has two limits for ${twice.period}${twice.model === null ? '' : ` and the model ${twice.model}`}`);
  return limits;
}

function readLimit(given: AccountLimit | null, current: readonly PeriodLimit[], recordMs: number): PeriodLimit {
  if (typeof given !== 'object' || given === null)
    return refuse('each of limits is an object with amount, period and, where it is about one, model');
  const { amount, period, model } = given;
  if (typeof period !== 'string') return refuse('each of limits has a period, such as calendar:month or P30D');
  if (model !== undefined && !isText(model, 256))
    return refuse('the model of a limit is a text of 1 to 256 characters');
  const limit = { amount: notNegative(amount, 'amount of a limit'), period: parsePeriod(period), model: model ?? null };
  return { ...limit, sinceMs: current.find((other) => sameLimit(limit, other))?.sinceMs ?? recordMs };
}
