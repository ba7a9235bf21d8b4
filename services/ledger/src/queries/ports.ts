import type { PartitionView } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import type { EventLog } from '@tollgate/messaging';

import type { PartitionState } from '../booking/partition-state.ts';
import type { Hash } from '../sealing/domain/merkle.ts';
import type { SealStore } from '../sealing/sealer.ts';
import type { DetailsStore } from './erasing.ts';
import type { Reads } from './reads.ts';

export type QueryPorts = {
  readonly reads: Reads;
  readonly seals: SealStore;
  readonly hash: Hash;
  readonly clock: Clock;
  readonly partitions: number;
  /** The committed state in memory, where this instance owns the partition. */
  readonly owned: (partition: number) => PartitionState | null;
  readonly views: () => readonly PartitionView[];
  readonly details: DetailsStore;
  readonly append: EventLog['append'];
};
