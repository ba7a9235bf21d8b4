import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createPool, migrate, rolePassword, roleUrl } from '@tollgate/persistence';
import { fakeClock, type FreshDatabase, freshDatabase } from '@tollgate/testing';
import type { Pool } from 'pg';

import { startStripeSimulator, type StripeSimulator, stripeSimulatorSchema } from './index.ts';

const passwordOf = (role: string): string => rolePassword('a secret of this test', role);
const secretKey = 'sk_test_of_this_test';
let database: FreshDatabase;
let admin: Pool;
let simulator: StripeSimulator;

beforeAll(async () => {
  database = await freshDatabase({
    template: JSON.stringify(stripeSimulatorSchema),
    migrate: async (adminUrl) =>
      void (await migrate({ adminUrl, schemas: [stripeSimulatorSchema], rolePassword: passwordOf })),
  });
  admin = createPool({ url: database.url, max: 1, applicationName: 'test' });
  simulator = await startStripeSimulator({
    databaseUrl: roleUrl(database.url, stripeSimulatorSchema.role, passwordOf(stripeSimulatorSchema.role)),
    clock: fakeClock(Date.UTC(2026, 10, 21, 12)),
    webhookSecret: 'whsec_of_this_test',
    secretKey,
    onTrouble: (error) => process.stderr.write(`simulator: ${String(error)}\n`),
  });
});
afterAll(async () => {
  await simulator?.stop();
  await admin?.end();
  await database?.drop();
});

// Guarantee: another program on this machine pays nothing in the simulator, whose payments the platform believes.
it('takes its own API key and no other', async () => {
  const call = async (authorization?: string): Promise<number> =>
    (
      await fetch(`${simulator.url}/v1/customers`, {
        method: 'POST',
        headers: authorization === undefined ? {} : { authorization },
      })
    ).status;
  const basic = (user: string): string => `Basic ${Buffer.from(user).toString('base64')}`;
  for (const wrong of [
    undefined,
    'Bearer sk_test_simulator',
    'Bearer x',
    `Bearer ${secretKey}x`,
    `Bearer ${secretKey.slice(0, -1)}`,
    `bearer`,
    basic('sk_test_x:'),
    basic(`:${secretKey}`),
  ]) {
    expect([wrong, await call(wrong)]).toEqual([wrong, 401]);
  }
  expect([await call(`Bearer ${secretKey}`), await call(basic(`${secretKey}:`))]).toEqual([200, 200]);
  const { rows } = await admin.query<{ n: number }>(
    "select count(*)::int as n from stripe_simulator.objects where kind = 'customer'",
  );
  expect(rows).toEqual([{ n: 2 }]);
});
