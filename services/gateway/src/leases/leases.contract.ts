import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import type { Lease, LeasedRow, LeasedRows } from './app/leases.ts';

export type LeasesUnderTest = {
  readonly rows: LeasedRows<LeasedRow>;
  begin(id: string, lease: Lease): Promise<void>;
  /** The work of a row has ended. */
  end(id: string): Promise<void>;
  close(): Promise<void>;
};

const id = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`;
const mine: Lease = { owner: id(8), ms: 60_000 };
const others: Lease = { owner: id(9), ms: 60_000 };

/** What every `LeasedRows` keeps (rule 24). */
export function leasesContract(name: string, open: () => Promise<LeasesUnderTest>): void {
  describe(`Leases ${name}`, () => {
    let under: LeasesUnderTest;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());

    // Guarantee: two processes never work on one row at a time.
    it('are taken over once they have ended, by one process', async () => {
      await under.begin(id(1), mine);
      expect(await under.rows.takeOver(id(1), others)).toBeNull();

      await under.rows.letGo(id(1));
      const both = await Promise.all([under.rows.takeOver(id(1), others), under.rows.takeOver(id(1), mine)]);
      expect(both.filter((row) => row !== null)).toMatchObject([{ id: id(1) }]);
      expect(await under.rows.takeOver(id(1), mine)).toBeNull();
    });

    it('of rows whose work has ended are not taken', async () => {
      await under.begin(id(2), { ...mine, ms: 0 });
      await under.end(id(2));

      expect(await under.rows.takeOver(id(2), others)).toBeNull();
      expect(await under.rows.byId(id(2))).toMatchObject({ id: id(2) });
      expect(await under.rows.byId(id(7))).toBeNull();
    });

    it('that a process left are taken as orphans, each once', async () => {
      await under.begin(id(3), { ...mine, ms: 0 });
      await under.begin(id(4), mine);

      let taken: readonly LeasedRow[] = [];
      await waitFor('the orphan', async () => (taken = await under.rows.takeOrphans(others)).length > 0);
      expect(taken.map((row) => row.id)).toEqual([id(3)]);
      expect(await under.rows.takeOrphans(mine)).toEqual([]);
    });

    it('that are prolonged do not end, where they can be prolonged', async () => {
      if (under.rows.beat === undefined) return;
      await under.begin(id(5), { ...mine, ms: 500 });
      await under.rows.beat(mine);
      await under.begin(id(6), { ...others, ms: 1 });
      await waitFor('the other lease to end', async () => (await under.rows.takeOver(id(6), others)) !== null);

      await under.rows.beat({ ...others, ms: 1 });
      expect(await under.rows.takeOver(id(5), others)).toBeNull();
    });
  });
}
