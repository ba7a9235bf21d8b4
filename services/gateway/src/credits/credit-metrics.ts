import type { Metrics } from '@tollgate/service-kit';
import { Counter } from 'prom-client';

import type { CreditMeter } from './app/credits.ts';

/** The metrics of surfaces §4: consumption rate, use by tier and feature, refusals, conversions. */
export function creditMeter(registry: Metrics): CreditMeter {
  const registers = [registry];
  const consumed = new Counter({
    name: 'tollgate_credits_consumed_total',
    help: 'Credits used, by tier and feature; a credit shows as 2000 tokens',
    labelNames: ['tier', 'feature'],
    registers,
  });
  const refused = new Counter({
    name: 'tollgate_credits_refused_total',
    help: 'Calls refused for lack of credits',
    labelNames: ['feature'],
    registers,
  });
  const opened = new Counter({
    name: 'tollgate_credits_accounts_opened_total',
    help: 'Users met for the first time',
    registers,
  });
  const changed = new Counter({
    name: 'tollgate_credits_tier_changes_total',
    help: 'Upgrades (raise), renewals, downgrades (lower) and resets that were asked for, by the tier afterwards',
    labelNames: ['change', 'tier'],
    registers,
  });
  return {
    consumed: ({ tier, feature, credits }) => consumed.inc({ tier, feature }, credits),
    refused: (feature) => refused.inc({ feature }),
    opened: () => opened.inc(),
    changed: (change, tier) => changed.inc({ change, tier }),
  };
}
