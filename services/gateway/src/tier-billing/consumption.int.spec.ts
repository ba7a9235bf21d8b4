import { describeWith, whyNot } from '@tollgate/testing';

import { openGatewayDatabase } from '../testing/gateway-database.ts';
import { consumptionStoreContract } from './consumption.contract.ts';
import { makeConsumptionStore } from './postgres/consumption-queue.ts';

const addSql = `insert into gateway.consumption_queue (id, user_id, tokens_used, operation_type, client_id, metadata,
  created_at) values ($1, $2, $3, $4, $5, $6, $7)`;

describeWith('postgres', await whyNot('postgres'), 'The gateway', () => {
  consumptionStoreContract('in PostgreSQL', async () => {
    const { pool, admin, close } = await openGatewayDatabase();
    return {
      store: makeConsumptionStore(pool),
      add: async ({ id, userId, used, operationType, clientId, metadata, recordedAt }) => {
        await admin.query(addSql, [id, userId, used, operationType, clientId ?? null, metadata, recordedAt]);
      },
      close,
    };
  });
});
