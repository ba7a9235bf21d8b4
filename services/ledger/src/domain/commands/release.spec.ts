import { describe, expect, it } from '@jest/globals';

import { budgeted, given, granted, held, nowMs, opened, released } from '../../testing/given.ts';

const release = { type: 'release', account: 'w', data: { hold: 'h-0-1-3' } } as const;

describe('a release', () => {
  it('gives all of the hold back, on its budgets too', () => {
    const { hold } = given(
      opened('a', { kind: 'metered', settings: { limit: 9n } }),
      opened('a/b'),
      granted('a/b', 10n),
      held('a/b', 4n, { budgets: ['a'] }),
      budgeted('a', 0n, 4n),
    )
      .when({ ...release, account: 'a/b', data: { hold: 'h-0-2-3' } })
      .then({ kind: 'released', amount: 0n, balanceAfter: 10n, heldAfter: 0n }, { account: 'a', heldAfter: 0n });
    expect(hold).toMatchObject({ status: 'released', amount: '4' });
  });

  it('again is refused with how the hold ended', () => {
    given(opened('w'), granted('w', 10n), held('w', 4n), released('w', 3))
      .when(release)
      .thenRefused('HOLD_ENDED', { hold: { status: 'released' } });
  });

  it('after the deadline comes too late: the hold has expired', () => {
    const { decision, journal } = given(opened('w'), granted('w', 10n), held('w', 4n, { expiresMs: nowMs + 5 })).when({
      ...release,
      at: nowMs + 5,
    });
    expect(decision).toMatchObject({
      outcome: 'refused',
      problem: { code: 'HOLD_ENDED', detail: 'the hold was expired before' },
    });
    expect(journal.entries).toMatchObject([{ kind: 'hold_expired', heldAfter: 0n, occurredMs: nowMs + 5 }]);
  });
});
