import type { LedgerRequest } from '@tollgate/contracts';
import { toWireRequest } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';
import type { EventLog } from '@tollgate/messaging';

import type { LimitLog } from '../../app/ports.ts';

const source = 'quota';

/** Appends both requests together: in one partition they keep their order. Each may be repeated. */
export function limitLog(eventLog: EventLog, partitions: number): LimitLog {
  return {
    append: async ({ account, bytes, fetchedMs }) => {
      const opening: LedgerRequest = {
        v: 1,
        type: 'open',
        source,
        id: 'open',
        account,
        data: { kind: 'quota', unit: 'byte' },
      };
      const limit: LedgerRequest = {
        v: 1,
        type: 'limit',
        source,
        id: `limit-${fetchedMs}`,
        account,
        data: { limit: String(bytes), fetched_at: new Date(fetchedMs).toISOString() },
      };
      const partition = partitionOf(account, partitions);
      await eventLog.append([opening, limit].map((request) => toWireRequest(request, partition)));
    },
  };
}
