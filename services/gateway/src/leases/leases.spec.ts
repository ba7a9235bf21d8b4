import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { LeasedMemory } from '../testing/leased-memory.ts';
import { Leases } from './app/leases.ts';
import { leasesContract } from './leases.contract.ts';

leasesContract('in memory', async () => {
  const rows = new LeasedMemory();
  return {
    rows,
    begin: async (id, lease) => void rows.begin(id, lease),
    end: async (id) => rows.end(id),
    close: async () => undefined,
  };
});

describe('A repeat', () => {
  let rows: LeasedMemory;
  let leases: Leases<Awaited<ReturnType<LeasedMemory['begin']>>>;
  beforeEach(() => {
    rows = new LeasedMemory();
    leases = new Leases(rows, 60_000);
  });
  afterEach(() => leases.close());
  const other = { owner: 'another process', ms: 60_000 };
  const following = { hash: 'h', waitMs: 5_000, result: (row: { open: boolean }) => (row.open ? null : 'first') };

  it('waits for the first and gets its result', async () => {
    const first = rows.begin('a', other);
    const repeat = leases.follow(first, { ...following, work: async () => 'second' });
    rows.end('a');

    expect(await repeat).toBe('first');
  });

  it('goes on with the work of a process that is gone', async () => {
    const first = rows.begin('a', { ...other, ms: 0 });

    expect(await leases.follow(first, { ...following, work: async () => 'second' })).toBe('second');
  });

  it('is refused when it asks something else', async () => {
    const first = rows.begin('a', other);

    await expect(leases.follow(first, { ...following, hash: 'x', work: async () => '' })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
  });

  it('is told that the first is under way when that takes too long, and when the process stops', async () => {
    const first = rows.begin('a', other);
    const underWay = { code: 'REQUEST_UNDER_WAY' };
    await expect(leases.follow(first, { ...following, waitMs: 0, work: async () => '' })).rejects.toMatchObject(
      underWay,
    );

    const waiting = leases.follow(first, { ...following, work: async () => '' });
    leases.close();
    await expect(waiting).rejects.toMatchObject(underWay);
  });

  it('finds the row free after work that failed', async () => {
    const first = rows.begin('a', leases.own);
    await expect(leases.hold('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');

    expect(await leases.follow(first, { ...following, work: async () => 'second' })).toBe('second');
  });
});
