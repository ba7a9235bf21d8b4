import type { Account, Settings } from '../account/account.ts';
import type { Journal } from '../journal.ts';
import { planDefault } from './catalog.ts';
import { planInForce, withPlan } from './plans.ts';

/**
 * The settings of an account that is being opened, with the plan version that prices the period of its opening: by its
 * place in the log, because a time cannot tell what was published just before from what comes just after. The built-in
 * version needs no word.
 */
export function withFirstPlan(journal: Journal, settings: Settings): Settings {
  const { name, version } = planInForce(journal.catalog, settings.plan ?? planDefault, journal.nowMs);
  return name === planDefault && version === 1 ? settings : { ...settings, firstPlan: { name, version } };
}

/** Another plan counts from the next period on: the one under way is priced as it began (rule 17). */
export function planned(journal: Journal, account: Readonly<Account>, settings: Settings): Settings {
  if (account.kind !== 'metered') return settings;
  const { counter, earlier } = journal.countersAt(account, journal.nowMs);
  const startMs = counter.period?.startMs ?? journal.nowMs;
  return withPlan(settings, account.terms.settings, {
    nowMs: journal.nowMs,
    startMs,
    earliestMs: earlier?.period?.startMs ?? startMs,
  });
}
