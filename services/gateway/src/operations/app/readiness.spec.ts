import { describe, expect, it } from '@jest/globals';
import type { PartitionView } from '@tollgate/contracts';

import { checkPartitions } from './readiness.ts';

const view = (partition: number, state: PartitionView['state'], reason?: string): PartitionView => ({
  partition,
  state,
  epoch: '1',
  next_offset: '0',
  last_seq: '0',
  ...(reason === undefined ? {} : { reason }),
});
const check =
  (...views: PartitionView[][]) =>
  () =>
    checkPartitions(views);

describe('the ledger is ready', () => {
  it('when every partition is owned by one of the instances that answer', () => {
    expect(check([view(0, 'owned'), view(1, 'elsewhere')], [view(0, 'elsewhere'), view(1, 'owned')])).not.toThrow();
  });

  // Guarantee: the partitions of a frozen or dead instance are nobody's until another one took them over.
  it('not while nobody who answers owns a partition, or one is being claimed', () => {
    const refusal = '1 partitions are being taken over';
    expect(check([view(0, 'owned'), view(1, 'elsewhere')])).toThrow(refusal);
    expect(check([view(0, 'owned'), view(1, 'claiming')])).toThrow(refusal);
    expect(check([])).toThrow();
  });

  it('not while a partition is halted, whoever says so, and says which and why', () => {
    expect(
      check([view(0, 'owned'), view(1, 'owned')], [view(0, 'elsewhere'), view(1, 'halted', 'the log lost its end')]),
    ).toThrow('halted partitions: 1 (the log lost its end)');
  });
});
