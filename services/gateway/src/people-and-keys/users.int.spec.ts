import { describeWith, whyNot } from '@tollgate/testing';

import { openGatewayDatabase } from '../testing/gateway-database.ts';
import { makeUserStore } from './postgres/users.ts';
import { userStoreContract } from './users.contract.ts';

describeWith('postgres', await whyNot('postgres'), 'The gateway', () => {
  userStoreContract('in PostgreSQL', async () => {
    const database = await openGatewayDatabase();
    return { store: makeUserStore(database.entities), close: () => database.close() };
  });
});
