import { describe, it } from '@jest/globals';

import { given, opened } from '../../testing/given.ts';

const limit = (amount: string, fetched_at: string) =>
  ({ type: 'limit', account: 'q', data: { limit: amount, fetched_at } }) as const;
const quota = given(opened('q', { kind: 'quota', settings: { limit: 5n } }));

describe('a limit that another system owns', () => {
  it('replaces the one before, with the time of its fetch', () => {
    quota.when(limit('7', '2026-11-21T09:59:00Z')).then({
      kind: 'changed',
      terms: { settings: { limit: 7n }, limitFetchedMs: Date.UTC(2026, 10, 21, 9, 59) },
    });
  });

  // Guarantee: rule 21; of two fetches under way the one that began first must not win by arriving last.
  it('is ignored when it was fetched no later than the one in force', () => {
    quota.when(limit('7', '1970-01-01T00:00:00Z')).thenUnchanged();
  });

  it('of an account that does not exist is refused', () => {
    given().when(limit('7', '2026-11-21T09:59:00Z')).thenRefused('ACCOUNT_UNKNOWN');
  });
});
