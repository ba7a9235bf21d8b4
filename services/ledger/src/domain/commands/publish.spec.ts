import { describe, expect, it } from '@jest/globals';
import { defaultRateCardContent } from '@tollgate/pricing';

import { given, nowMs } from '../../testing/given.ts';

const publish = (version: number, content: unknown = defaultRateCardContent) =>
  ({
    type: 'catalog',
    account: '',
    data: { item: { catalog: 'rate-card', name: 'default', version, effective_from: '2026-11-21T09:00:00Z', content } },
  }) as never;

describe('a published version', () => {
  it('is in force from its place in the log, never before', () => {
    const { journal, thenUnchanged } = given().when(publish(2));
    thenUnchanged();
    expect(journal.items).toMatchObject([{ bookedMs: nowMs, item: { version: 2 } }]);
    expect(journal.catalog.cards.get('default')?.map(({ version, fromMs }) => [version, fromMs])).toEqual([
      [1, 0],
      [2, nowMs],
    ]);
  });

  it('again changes nothing', () => {
    const { journal, thenUnchanged } = given().when(publish(1));
    thenUnchanged();
    expect(journal.items).toEqual([]);
  });

  it('that cannot be read is refused and takes no place', () => {
    const { journal, thenRefused } = given().when(publish(2, { profit_percent: 'much' }));
    thenRefused('CATALOG_INVALID');
    expect(journal.items).toEqual([]);
  });
});
