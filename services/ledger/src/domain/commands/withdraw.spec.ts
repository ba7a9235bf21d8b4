import { describe, it } from '@jest/globals';

import type { Fact } from '../../testing/given.ts';
import { given, granted, held, opened, spent } from '../../testing/given.ts';

const withdraw = (id: string, source = 'http:spend') =>
  ({ type: 'withdraw', account: 'w', data: { source, id } }) as const;
const named = ({ account, entry }: Fact, requestId: string, source: string): Fact => ({
  account,
  entry: (before) => ({ ...entry(before), requestId, source }),
});

// Guarantee: rule 23; a caller that was told 503 repeats the request, and must not pay twice.
describe('a withdrawal', () => {
  it('of a spend gives back what it took', () => {
    given(opened('w'), granted('w', 10n), spent('w', 4n, { lot: 2, id: 's' }))
      .when(withdraw('s'))
      .then({ kind: 'withdrawn', amount: 4n, balanceAfter: 10n, usedAfter: 0n, corrects: 3, contra: 'usage' });
  });

  it('of a request that has not come books its id, so that it comes too late', () => {
    given(opened('w'))
      .when(withdraw('s'))
      .then({ kind: 'withdrawn', amount: 0n, source: 'http:spend', requestId: 's', corrects: null });
  });

  it('of a hold releases it', () => {
    given(opened('w'), granted('w', 10n), named(held('w', 4n), 'h', 'http:hold'))
      .when(withdraw('h', 'http:hold'))
      .then({ kind: 'released', heldAfter: 0n, balanceAfter: 10n });
  });

  it('of a grant takes what is left of it', () => {
    given(opened('w'), named(granted('w', 10n), 'g', 'http:grant'), spent('w', 4n, { lot: 2 }))
      .when(withdraw('g', 'http:grant'))
      .then({ kind: 'withdrawn', amount: -6n, balanceAfter: 0n, contra: 'grants', corrects: 2 });
  });

  it('of a change puts the settings back, unless they were changed since', () => {
    const changeTo = (limit: bigint, id: string): Fact => ({
      account: 'w',
      entry: ({ terms }) => ({
        kind: 'changed',
        requestId: id,
        source: 'http:change',
        terms: { ...terms, settings: { ...terms.settings, limit } },
      }),
    });
    const once = [opened('w', { settings: { limit: 5n } }), changeTo(7n, 'c')] as const;
    given(...once)
      .when(withdraw('c', 'http:change'))
      .then({ kind: 'withdrawn', corrects: 2, terms: { settings: { limit: 5n } } });
    given(...once, changeTo(9n, 'd'))
      .when(withdraw('c', 'http:change'))
      .thenUnchanged();
  });

  it('of an account that does not exist changes nothing', () => {
    given().when(withdraw('s')).thenUnchanged();
  });
});
