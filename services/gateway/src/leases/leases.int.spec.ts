import { describeWith, whyNot } from '@tollgate/testing';

import { makeOperationStore } from '../credits/postgres/operations.ts';
import { makeSubmitStore } from '../optimize/postgres/submits.ts';
import { openGatewayDatabase } from '../testing/gateway-database.ts';
import { leasesContract } from './leases.contract.ts';

describeWith('postgres', await whyNot('postgres'), 'The gateway', () => {
  leasesContract('of composed operations', async () => {
    const { pool, close } = await openGatewayDatabase();
    const rows = makeOperationStore(pool, ['review']);
    return {
      rows,
      begin: async (id, lease) => {
        const begun = { id, account: 'credits:ada', operation: 'review', key: null, hash: 'h', request: {} };
        await rows.begin(begun, lease);
      },
      end: (id) => rows.progress(id, { step: 'done', result: {} }),
      close,
    };
  });

  leasesContract('of image submits', async () => {
    const { pool, close } = await openGatewayDatabase();
    const rows = makeSubmitStore(pool);
    return {
      rows,
      begin: async (id, lease) => {
        const image = { name: 'a.png', size: 1, sha256: 's', quality: 80, webp: false, quotaFetchedAt: 'now' };
        await rows.begin({ id, submit: { id, account: 'quota:a', ...image }, key: id, hash: 'h' }, lease);
      },
      end: (id) => rows.answered(id, {} as Parameters<typeof rows.answered>[1]),
      close,
    };
  });
});
