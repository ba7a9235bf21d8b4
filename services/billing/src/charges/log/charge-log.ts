import { topics } from '@tollgate/contracts';
import { familyOf } from '@tollgate/kernel';
import type { EventLog } from '@tollgate/messaging';

import type { ChargeMessage } from '../app/charge-ports.ts';

/** Appends what happened to charges to `billing.charges.v1`; keyed as everything is, by the account's family. */
export const chargeLog =
  (eventLog: Pick<EventLog, 'append'>) =>
  async (messages: readonly ChargeMessage[]): Promise<void> => {
    await eventLog.append(
      messages.map(({ partition, account, value }) => ({
        topic: topics.billingCharges,
        partition,
        key: familyOf(account),
        value,
      })),
    );
  };
