import type { Account, Settings } from '../account/account.ts';
import type { Book } from '../journal.ts';
import { planDefault } from './catalog.ts';
import { planInForce, withPlan } from './plans.ts';

/**
 * The settings of an account that is being opened, with the plan version that prices the period of its opening: by its
 * place in the log, because a time cannot tell what was published just before from what comes just after. The built-in
 * version needs no word.
 */
export function withFirstPlan(book: Book, settings: Settings): Settings {
  const { name, version } = planInForce(book.catalog, settings.plan ?? planDefault, book.nowMs);
  return name === planDefault && version === 1 ? settings : { ...settings, firstPlan: { name, version } };
}

/** Another plan counts from the next period on: the one under way is priced as it began (rule 17). */
export function planned(book: Book, account: Readonly<Account>, settings: Settings): Settings {
  if (account.kind !== 'metered') return settings;
  const { counter, earlier } = book.rolled(account, book.nowMs);
  const startMs = counter.period?.startMs ?? book.nowMs;
  return withPlan(settings, account.terms.settings, {
    nowMs: book.nowMs,
    startMs,
    earliestMs: earlier?.period?.startMs ?? startMs,
  });
}
