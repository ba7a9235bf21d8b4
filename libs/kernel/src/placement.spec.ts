import { describe, expect, it } from '@jest/globals';

import { ancestorsOf, familyOf, partitionOf, placementVersion } from './placement.ts';

describe('Placement (rule 4)', () => {
  // Guarantee: an account stays where its entries are. These figures were computed from the description by another
  // program. A change of them needs a new version of the placement, and books of the old one then refuse to start.
  it('puts accounts where version 1 always put them', () => {
    const places: readonly (readonly [id: string, of64: number, of4: number])[] = [
      ['demo', 29, 1],
      ['acme', 10, 2],
      ['wallet:user-123', 39, 3],
      ['é', 55, 3],
      ['日本語', 62, 2],
      ['😀', 6, 2],
      ['', 11, 3],
      ['licence:ABCDE-FGHJK', 46, 2],
      ['a'.repeat(128), 58, 2],
    ];
    expect(places.map(([id]) => [id, partitionOf(id, 64), partitionOf(id, 4)])).toEqual(places);
    expect(placementVersion).toBe(1);
  });

  it('keeps a family together, whatever follows the first slash', () => {
    for (const id of ['acme', 'acme/', 'acme/team-a', 'acme/team-a/user-7', 'acme//']) {
      expect([partitionOf(id, 64), familyOf(id)]).toEqual([10, 'acme']);
    }
    expect(ancestorsOf('acme/team-a/user-7')).toEqual(['acme/team-a', 'acme']);
  });

  it('spreads neighbouring ids evenly', () => {
    const counts = new Map<number, number>();
    for (let n = 0; n < 64_000; n++)
      counts.set(partitionOf(`user-${n}`, 64), (counts.get(partitionOf(`user-${n}`, 64)) ?? 0) + 1);
    expect(counts.size).toBe(64);
    expect(Math.max(...counts.values())).toBeLessThan(1_300);
  });
});
