import { describe, expect, it } from '@jest/globals';
import { wallClock } from '@tollgate/kernel';
import { createPool, openEntities } from '@tollgate/persistence';
import { freePort } from '@tollgate/testing';

import { catalogStore } from '../catalog/postgres/catalog-store.ts';
import { resourceStore } from '../catalog/postgres/resource-store.ts';
import { chargeStore } from '../charges/postgres/charge-store.ts';
import { customerStore } from '../customers/postgres/customer-store.ts';
import { webhookStore } from '../webhooks-out/postgres/webhook-store.ts';
import { secretBox } from '../webhooks-out/sending/secret-box.ts';
import { type Entities, entities } from './entities.ts';

describe('a database of billing that does not answer', () => {
  // Guarantee: who reads the code knows which part to look at: the ledger is well.
  it('is told as such, whatever is asked of it', async () => {
    const pool = createPool({
      url: `postgres://nobody@127.0.0.1:${await freePort()}/none`,
      max: 1,
      applicationName: 'test',
    });
    const entitiesOf: Entities = () => openEntities(pool, entities);
    const calls = [
      catalogStore(pool).list({ catalog: 'rate-card' }),
      resourceStore(pool, wallClock).list({ resource: 'features', offset: 0, limit: 1 }),
      chargeStore(pool, pool).list({ offset: 0, limit: 1 }),
      webhookStore(pool, entitiesOf, secretBox('a key of this test')).list(),
      customerStore(entitiesOf).view('u'),
    ];
    for (const call of calls)
      await expect(call).rejects.toMatchObject({ kind: 'unavailable', code: 'BILLING_DATABASE_UNAVAILABLE' });
    await pool.end();
  });

  it('is not what a mistake in a query is told as', async () => {
    const broken = {
      query: () => Promise.reject(new TypeError('rows of undefined')),
      connect: () => Promise.reject(new TypeError('no')),
    } as never;
    const mistaken: Entities = () => Promise.reject(new TypeError('no'));
    for (const call of [
      catalogStore(broken).list({ catalog: 'rate-card' }),
      webhookStore(broken, mistaken, secretBox('a key of this test')).list(),
      chargeStore(broken, broken).list({ offset: 0, limit: 1 }),
    ]) {
      await expect(call).rejects.toBeInstanceOf(TypeError);
    }
  });
});
