import { afterAll, beforeAll, expect, it } from '@jest/globals';

import type { Reply } from './testing/gateway-harness.ts';
import { GatewayHarness } from './testing/gateway-harness.ts';

let harness: GatewayHarness;
let user: Record<string, string>;
let userId: string;
beforeAll(async () => {
  harness = await GatewayHarness.start(undefined, {
    billing: {
      chargeStatuses: async () => [],
      createSubscription: subscribe,
      customer: async () => ({ customer_id: 'cus_1' }),
    },
  });
  const { body } = await harness.call('POST', '/api/auth/register', {
    email: 'mallory@example.org',
    password: 'long enough',
    name: 'Mallory',
  });
  userId = body.data.id;
  user = await harness.loggedIn('mallory@example.org');
});
afterAll(() => harness?.close());

const subscriptionKeys: unknown[] = [];
const subscribe = async ({ key }: { key?: string }): Promise<unknown> => {
  subscriptionKeys.push(key);
  const subscription = {
    subscription_id: 'sub_1',
    amount_minor: '1',
    status: 'active',
    current_period_start: 'x',
    current_period_end: 'y',
  };
  return { subscription, replayed: false };
};
const report = (headers: Record<string, string>, tokensUsed: number, key = 'k-1'): Promise<Reply> =>
  harness.call(
    'POST',
    '/api/token-billing/process-usage',
    { userId, tokensUsed },
    { ...headers, 'idempotency-key': key },
  );

// Guarantee: nobody takes the key of a server's report beforehand, which would leave the usage unreported.
it('a key of a user never blocks the same key of a server, nor answers for it', async () => {
  const own = await report(user, 1);
  expect(own.status).toBe(200);
  const {
    body: { key },
  } = await harness.server('POST', '/v1/api-keys', { scopes: ['events:write'] });
  const server = { 'x-server-api-key': key as string };
  const reported = await report(server, 500);
  expect([reported.status, reported.headers.get('idempotent-replay')]).toEqual([200, null]);
  const sources = harness.ledger.requests
    .filter(({ type }) => type === 'spend')
    .map(({ source, data }) => [source, (data as { amount: string }).amount]);
  expect(sources).toContainEqual(['http:user:process-usage', '1']);
  expect(sources).toContainEqual(['http:process-usage', '500']);
});

it('each class is once-only: a user by key and login together, all servers and admins together', async () => {
  const { api_key: apiKey } = (await harness.call('GET', '/api/user/profile', undefined, user)).body.data;
  expect((await report({ 'x-api-key': apiKey }, 1)).headers.get('idempotent-replay')).toBe('true');
  expect((await report(user, 2)).status).toBe(409);
  const admin = await harness.loggedIn('admin@localhost', 'admin-password-of-the-specs');
  expect((await report(admin, 500)).headers.get('idempotent-replay')).toBe('true');
  expect(
    (
      await harness.server(
        'POST',
        '/api/token-billing/process-usage',
        { userId, tokensUsed: 501 },
        { 'idempotency-key': 'k-1' },
      )
    ).status,
  ).toBe(409);
});

it('what billing keeps under a key is told apart too', async () => {
  const body = { customerId: 'cus_1' };
  await harness.call('POST', '/api/token-billing/create-subscription', body, { ...user, 'idempotency-key': 's-1' });
  await harness.server('POST', '/api/token-billing/create-subscription', body, { 'idempotency-key': 's-1' });
  expect(subscriptionKeys).toHaveLength(2);
  expect(subscriptionKeys[0]).not.toBe('s-1');
  expect(subscriptionKeys[1]).toBe('s-1');
});
