import { createPool } from '@tollgate/persistence';

import { MoneyHarness } from '../../testing/money-harness.ts';
import { chargesContract } from '../charge-store.contract.ts';
import { chargeStore } from './charge-store.ts';

chargesContract('on PostgreSQL', async () => {
  const money = await MoneyHarness.start();
  const pools = [2, 3].map((max) => createPool({ url: money.databaseUrl, max, applicationName: 'charges-spec' }));
  const [pool, lockPool] = pools as [(typeof pools)[0], (typeof pools)[0]];
  return {
    store: chargeStore(pool, lockPool),
    close: async () => {
      for (const each of pools) await each.end();
      await money.stop();
    },
  };
});
