import { describe, it } from '@jest/globals';

import { given, granted, held, nowMs, opened } from '../../testing/given.ts';
import type { Settings } from '../account/account.ts';

const tier = (change: object) => ({ type: 'tier', account: 'c', data: change }) as never;
const dayMs = 86_400_000;
const credits = (settings: Partial<Settings> = {}) =>
  opened('c', {
    kind: 'credits',
    settings: { tier: 'free', baseAllowance: 10n, allowance: 10n, ...settings },
  });
const raise = { change: 'raise', tier: 'pro', allowance: '100', days: 30 };

describe('a tier', () => {
  it('that is raised gives at least its allowance to spend, and ends when its days are over', () => {
    given(credits(), granted('c', 4n))
      .when(tier(raise))
      .then(
        {
          kind: 'changed',
          terms: { settings: { tier: 'pro', allowance: 100n, tierEndMs: nowMs + 30 * dayMs } },
          timers: [{ dueMs: nowMs + 30 * dayMs, ref: 1, kind: 'tier', object: 0 }],
        },
        { kind: 'granted', amount: 96n, balanceAfter: 100n, contra: 'allowance' },
      );
  });

  it('counts bought units apart, and what holds reserve on top', () => {
    given(credits(), granted('c', 4n), granted('c', 50n, { purchased: true }), held('c', 3n))
      .when(tier(raise))
      .then({ kind: 'changed' }, { kind: 'granted', amount: 99n, balanceAfter: 153n });
  });

  it('that is renewed goes on from its end, and keeps its allowance', () => {
    given(credits({ tier: 'pro', allowance: 100n, tierEndMs: nowMs + dayMs }), granted('c', 100n))
      .when(tier({ ...raise, change: 'renew', allowance: '7' }))
      .then({
        kind: 'changed',
        terms: { settings: { tier: 'pro', allowance: 100n, tierEndMs: nowMs + 31 * dayMs } },
      });
  });

  it('that is lowered leaves exactly the base allowance, and what was bought', () => {
    given(
      credits({ tier: 'pro', allowance: 100n, tierEndMs: nowMs + dayMs }),
      granted('c', 60n),
      granted('c', 5n, { purchased: true, priority: 200 }),
    )
      .when(tier({ change: 'lower' }))
      .then(
        { kind: 'changed', terms: { settings: { tier: 'free', allowance: 10n, tierEndMs: null } } },
        { kind: 'adjusted', amount: -50n, balanceAfter: 15n, lot: 2, lotLeft: 10n },
      );
  });

  it('that is raised from the base tier only is left as it is on another', () => {
    given(credits({ tier: 'pro' }), granted('c', 4n))
      .when(tier({ ...raise, only_from_base: true }))
      .thenUnchanged();
  });

  it('is refused where there are none, and a reset where there are no periods', () => {
    given(opened('c')).when(tier(raise)).thenRefused('ACCOUNT_KIND_CONFLICT');
    given(credits())
      .when(tier({ change: 'reset' }))
      .thenRefused('REQUEST_INVALID');
  });
});
