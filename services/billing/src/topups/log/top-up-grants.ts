import { hash } from 'node:crypto';

import { type LedgerRequest, topics, toWireRequest } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';
import type { EventLog } from '@tollgate/messaging';

import type { GiveUnits } from '../app/ports.ts';

/** Appends the grant of a top-up to `usage.events.v1`, like any other request about the account. */
export const topUpGrants =
  (eventLog: EventLog): GiveUnits =>
  async ({ id, account, units }) => {
    const { partitions } = await eventLog.describe(topics.usageEvents);
    const request: LedgerRequest<'grant'> = {
      v: 1,
      type: 'grant',
      source: 'topup',
      id,
      account,
      details: {
        // The same on every repeat of the request; nothing secret is hidden by it.
        salt: hash('sha256', `topup ${id}`, 'hex').slice(0, 32),
        reason: `auto top-up ${id}`,
        actor: 'auto top-up',
      },
      data: { amount: String(units), kind: 'purchased' },
    };
    await eventLog.append([toWireRequest(request, partitionOf(account, partitions.length))]);
  };
