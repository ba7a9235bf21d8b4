import { describe, expect, it } from '@jest/globals';

import { given, granted, held, nowMs, opened } from '../../testing/given.ts';

const hold = (account: string, amount: string, more: object = {}) =>
  ({ type: 'hold', account, data: { amount, expires_in_ms: 1_000, ...more } }) as const;

describe('a hold', () => {
  it('reserves without moving the balance, until its deadline', () => {
    const { hold: view, available } = given(opened('w'), granted('w', 10n))
      .when(hold('w', '4'))
      .then({
        kind: 'held',
        amount: 0n,
        balanceAfter: 10n,
        heldAfter: 4n,
        hold: 3,
        timers: [{ dueMs: nowMs + 1_000, ref: 1, kind: 'hold', object: 3 }],
      });
    expect(available).toBe(6n);
    expect(view).toMatchObject({
      hold_id: 'h-0-1-3',
      amount: '4',
      status: 'open',
      expires_at: '2026-11-21T10:00:01.000Z',
    });
  });

  it('reserves the last unit, and not one more', () => {
    const six = given(opened('w'), granted('w', 10n), held('w', 4n));
    six.when(hold('w', '6')).then({ heldAfter: 10n });
    six
      .when(hold('w', '7'))
      .thenRefused('ALLOWANCE_EXHAUSTED', { refusal: { account: 'w', asked: '7', available: '6' } });
  });

  it('reserves of every budget above', () => {
    given(opened('a', { kind: 'metered', settings: { limit: 9n } }), opened('a/b'), granted('a/b', 10n))
      .when(hold('a/b', '9'))
      .then(
        { account: 'a/b', heldAfter: 9n, holdRows: [{ budgets: ['a'], amount: 9n, outcome: 'open' }] },
        { account: 'a', kind: 'budgeted', heldAfter: 9n, usedAfter: 0n },
      );
  });

  it('is cut out of its parent, reserves nothing more and ends no later', () => {
    const parent = given(opened('w'), granted('w', 10n), held('w', 8n, { expiresMs: nowMs + 500 }));
    parent.when(hold('w', '3', { parent: 'h-0-1-3' })).then({
      heldAfter: 8n,
      hold: 4,
      holdRows: [
        { hold: 3, amount: 5n },
        { hold: 4, amount: 3n, parent: 3, expiresMs: nowMs + 500 },
      ],
    });
    parent.when(hold('w', '9', { parent: 'h-0-1-3' })).thenRefused('ALLOWANCE_EXHAUSTED', {
      detail: 'asked for 9, the parent hold has 8 left',
    });
    parent.when(hold('w', '1', { parent: 'h-0-1-2' })).thenRefused('HOLD_UNKNOWN');
  });

  it('under terms never reserves overdraft', () => {
    const overdrawn = given(opened('w', { settings: { overdraft: 100n } }), granted('w', 5n));
    overdrawn.when(hold('w', '6')).then({ heldAfter: 6n });
    overdrawn.when(hold('w', '6', { terms: {} })).thenRefused('ALLOWANCE_EXHAUSTED');
  });
});
