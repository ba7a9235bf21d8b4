import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { deadLetterTopic, groups, partitionsDefault, topics } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';
import { openKafkaLog } from '@tollgate/messaging';
import { rolePassword, roleUrl } from '@tollgate/persistence';
import { describeWith, waitFor, whyNot } from '@tollgate/testing';

import { correctedBeforeCharged } from './corrected-blocks.contract.ts';
import { creditsJourney } from './credits.contract.ts';
import { severalGateways } from './gateways.contract.ts';
import { DistributedPlatform } from './harness/distributed.ts';
import { abandonLoads, nothingWrong, openWallet, spendOf, startLoad } from './harness/load.ts';
import { checkBooks, queryOnce, ready } from './harness/platform.ts';
import { QuotaProvider } from './harness/quota-provider.ts';
import { licenceKeysJourney } from './licence-keys.contract.ts';
import { optimizesImages } from './optimize.contract.ts';
import { racesForLastUnits } from './race.contract.ts';
import { repeatsAfterRestarts } from './repeat.contract.ts';
import { spendsMany } from './spends.contract.ts';
import { tierBillingJourney } from './tier-billing.contract.ts';
import { tokenProcess } from './token-process.contract.ts';

const noDrift = { drifts: [], chainProblems: [] };

describeWith('kafka', await whyNot('kafka'), 'the distributed platform', () => {
  let platform: DistributedPlatform;
  let provider: QuotaProvider;
  beforeAll(async () => {
    provider = await QuotaProvider.start();
    platform = await DistributedPlatform.start(provider.env);
  });
  afterEach(abandonLoads);
  afterAll(async () => {
    await platform?.stop();
    await provider?.stop();
  });

  racesForLastUnits(() => platform);
  spendsMany(() => platform);
  licenceKeysJourney(() => platform);
  tierBillingJourney(() => platform);
  correctedBeforeCharged(() => platform);
  optimizesImages(() => ({
    platform,
    provider,
    files: () => readdir(platform.imagesDir),
    restartOptimizer: async () => {
      await platform.optimizer.kill();
      platform.optimizer.start();
    },
  }));
  creditsJourney(() => ({
    platform,
    upstream: platform.upstream,
    restartGateway: async () => {
      await platform.gateway.kill();
      platform.gateway.start();
      await ready(platform);
    },
  }));
  tokenProcess(() => platform);
  severalGateways(() => platform);

  repeatsAfterRestarts(() => ({
    platform,
    provider,
    restarts: platform.services.map((program) => ({
      service: program.name,
      restart: async () => {
        await program.kill();
        program.start();
      },
    })),
  }));

  // Guarantee: what one service knows opens the database as that service, and as nobody else.
  it('lets no service into the database as another one', async () => {
    const password = (owner: string): Promise<string> =>
      readFile(join(platform.secretsDir, owner, 'database-password'), 'utf8');
    const loginAs = (role: string, secret: string): Promise<unknown> =>
      queryOnce(roleUrl(platform.postgres.url, role, secret), 'select current_user').then(
        () => 'in',
        (error: { readonly code?: string }) => error.code,
      );
    const ledgers = await password('ledger');
    expect(await loginAs('tollgate_ledger', ledgers)).toBe('in');
    for (const role of [
      'tollgate_gateway',
      'tollgate_billing',
      'tollgate_quota',
      'tollgate_optimizer',
      'tollgate_finance',
      'tollgate_reader',
    ]) {
      expect([role, await loginAs(role, ledgers)]).toEqual([role, '28P01']);
      // What all services share opens nothing.
      expect([role, await loginAs(role, rolePassword('a-secret-of-the-system-tests', role))]).toEqual([role, '28P01']);
    }
    expect(
      await queryOnce(
        platform.postgres.url,
        "select rolname from pg_roles where rolname like 'tollgate%' and (rolsuper or rolcreaterole or " +
          'rolcreatedb or rolreplication or rolbypassrls)',
      ),
    ).toEqual([]);
  });

  it('shows strangers whether it is ready and nothing else; figures and parts are on the health port', async () => {
    expect((await platform.anybody.get('/health/ready')).body).toEqual({ ready: true });
    expect((await platform.anybody.get('/metrics')).status).toBe(404);
    expect((await platform.figures.get('/health/ready')).body).toMatchObject({
      ready: true,
      parts: expect.arrayContaining([expect.objectContaining({ name: 'ledger', up: true })]),
    });
    expect(await platform.figures.text('/metrics')).toContain('gateway_requests_total');
  });

  it('puts a record that nobody can read into the dead letters, with its reason, and books on', async () => {
    await openWallet(platform.server, 'poisoned', '10');
    const partition = partitionOf('poisoned', partitionsDefault);
    const log = await openKafkaLog({ brokers: [platform.kafka.brokers], clientId: 'system-tests' });
    try {
      const poison = [
        '{"v":1,"type":"spend"',
        '[]',
        '{"v":1,"type":"unheard-of","source":"x","id":"1","account":"poisoned","data":{}}',
      ];
      await log.append(poison.map((value) => ({ topic: topics.usageEvents, partition, key: 'poisoned', value })));

      expect((await spendOf(platform.server, 'poisoned', 'after-the-poison')).body).toMatchObject({ available: '9' });

      const topic = deadLetterTopic(topics.usageEvents, groups.ledgerBooking);
      const letters = await waitFor('the dead letters', async () => {
        const found = [];
        for await (const records of log.read({ topic, partition, from: 0 })) found.push(...records);
        return found.length >= poison.length ? found : undefined;
      });
      expect(letters.map(({ value }) => value)).toEqual(poison);
      for (const { headers } of letters)
        expect(headers).toMatchObject({ reason: expect.stringMatching(/^[A-Z_]+: ./) });
    } finally {
      await log.close();
    }
  });

  // Guarantee: usage does not depend on Stripe, which nobody reaches here (design §5).
  it('books usage while Stripe is down, and keeps its charge for later', async () => {
    const userId = 'without-stripe';
    const started = performance.now();
    const { status, body } = await platform.server.post<{ data: { tierCharges: { id: string; status: string }[] } }>(
      '/api/token-billing/process-usage',
      { userId, tokensUsed: 8_000_001 },
    );
    expect([status, body.data.tierCharges]).toEqual([200, [expect.objectContaining({ status: 'pending' })]]);
    expect(performance.now() - started).toBeLessThan(10_000);
    const charges = await waitFor('the charge', async () => {
      const found = (
        await platform.server.get<{ data: { items: { id: string; status: string; reason: string }[] } }>(
          `/api/admin/billing/charges?user_id=${userId}`,
        )
      ).body.data.items;
      return found[0]?.reason === 'no_customer' && found;
    });
    expect(charges).toMatchObject([{ id: body.data.tierCharges[0]?.id, status: 'pending' }]);
    expect(
      await platform.server.put(`/api/admin/billing/customers/${userId}`, { payment_method: 'pm_card_visa' }),
    ).toMatchObject({ status: 503, body: { success: false, details: { code: 'STRIPE_UNAVAILABLE' } } });
  });

  it('has true books after all of these', async () => {
    expect(await checkBooks(platform)).toMatchObject(noDrift);
  });

  describe('under load', () => {
    // Guarantee: the position did not move, so the batch runs again; nothing twice (design §5).
    it('books every answer exactly once when the ledger is killed in mid-batch', async () => {
      const load = await startLoad(platform);
      await load.goesOn('the load');

      await platform.ledger.kill();
      platform.ledger.start();

      await load.goesOn('the load after the ledger came back');
      expect(await load.stop()).toMatchObject(nothingWrong);
      expect(await checkBooks(platform)).toMatchObject(noDrift);
    });

    // Guarantee: the partitions of a ledger that died are another's before its callers have given up (ADR 22).
    it('goes on with the other ledger within seconds when one of two is killed', async () => {
      platform.secondLedger.start();
      await waitFor(
        'the second ledger to take its share',
        async () => (await platform.partitionsOfSecondLedger()) > 0,
        30_000,
      );
      await everyPartitionBooks(platform, 20_000);
      await platform.secondLedger.kill();
      const killedAt = performance.now();
      await everyPartitionBooks(platform, 20_000);
      expect(performance.now() - killedAt).toBeLessThan(10_000);
    });

    it('books once what a killed gateway had appended, and gives the retry its first answer', async () => {
      const load = await startLoad(platform);
      await load.goesOn('the load');

      await platform.gateway.kill();
      platform.gateway.start();

      await load.goesOn('the load after the gateway came back');
      expect(await load.stop()).toMatchObject(nothingWrong);
      expect(await checkBooks(platform)).toMatchObject(noDrift);
    });

    // Guarantee: a frozen predecessor neither blocks its successor nor writes after it (rules 5 and 6).
    it('goes on with another ledger within 20 s when one freezes; nothing is doubled when it wakes', async () => {
      const load = await startLoad(platform);
      await load.goesOn('the load');
      platform.secondLedger.start();
      await waitFor(
        'the second ledger to take its share',
        async () => (await platform.entriesOfSecondLedger()) > 0,
        30_000,
      );
      await load.goesOn('the load on both');

      platform.ledger.pause();
      const frozenAt = performance.now();
      try {
        await everyOwnerBooks(platform, 20_000);
        expect(performance.now() - frozenAt).toBeLessThan(20_000);
        await load.goesOn('the load on the second ledger');
      } finally {
        platform.ledger.resume();
      }
      await waitFor(
        'the first ledger to own partitions again',
        async () => (await platform.partitionsOfFirstLedger()) > 0,
        40_000,
      );
      await ready(platform);
      await everyOwnerBooksAtOnce(platform);
      await load.goesOn('the load after the first ledger woke', { more: 2_000 });
      expect(await load.stop()).toMatchObject(nothingWrong);
      await platform.secondLedger.stop();
      await everyOwnerBooks(platform, 20_000);
      expect(await checkBooks(platform)).toMatchObject(noDrift);
    });

    it('waits for a killed PostgreSQL and resumes; what was answered 503 without a key does not count', async () => {
      const load = await startLoad(platform);
      await load.goesOn('the load');

      await platform.postgres.kill();
      // The log has them: events are accepted while the books cannot be written.
      expect((await postEvent(platform, 'while-postgres-is-down')).status).toBe(202);
      const synchronous = await platform.server.post('/v1/accounts/poisoned/spend', { amount: '1' });
      expect([synchronous.status, synchronous.headers.get('retry-after')]).toEqual([503, expect.any(String)]);
      await platform.postgres.restart();

      await load.goesOn('the load after PostgreSQL came back');
      expect(await load.stop()).toMatchObject(nothingWrong);
      expect((await platform.server.get('/v1/accounts/poisoned')).body).toMatchObject({ balance: '8' });
      expect(await checkBooks(platform)).toMatchObject(noDrift);
    });

    it('answers 503 within 2 s while the broker is down, goes on reading, and resumes', async () => {
      const load = await startLoad(platform);
      await load.goesOn('the load');

      const before = await platform.server.get('/v1/accounts/poisoned');

      await platform.kafka.kill();
      const askedAt = performance.now();
      const refused = await Promise.all([
        spendOf(platform.server, 'poisoned', 'broker-down'),
        postEvent(platform, 'broker-down'),
      ]);
      const answeredMs = performance.now() - askedAt;
      expect(refused.map(({ status, headers }) => [status, headers.get('retry-after') !== null])).toEqual([
        [503, true],
        [503, true],
      ]);
      expect(answeredMs).toBeLessThan(2_100);
      expect(await platform.server.get('/v1/accounts/poisoned')).toMatchObject({ status: 200, body: before.body });
      expect((await platform.anybody.get('/health/ready')).status).toBe(503);
      await platform.kafka.restart();

      // Guarantee: a broker that is back is used within 10 s, whatever client libraries wait for (ADR 22); the bound is
      // for busy machines.
      const backAt = performance.now();
      await everyPartitionBooks(platform, 30_000);
      expect(performance.now() - backAt).toBeLessThan(20_000);
      // Ready means that a request succeeds, not that the broker answers again (running.md §3).
      await ready(platform, 'the platform after the broker came back', 20_000);
      await everyOwnerBooksAtOnce(platform);
      await load.goesOn('the load after the broker came back');
      await waitFor(
        'the refused spend to be booked when sent again',
        async () => (await spendOf(platform.server, 'poisoned', 'broker-down')).status === 200,
        30_000,
      );
      expect(await load.stop()).toMatchObject(nothingWrong);
      expect(await checkBooks(platform)).toMatchObject(noDrift);
    });
  });
});

const postEvent = ({ server }: DistributedPlatform, id: string) =>
  server.post(
    '/v1/events',
    { specversion: '1.0', id, source: '/system-tests', type: 'request', subject: 'poisoned' },
    { 'content-type': 'application/cloudevents+json' },
  );

/** As `everyOwnerBooks`, and nobody is told to come back. */
async function everyOwnerBooksAtOnce(platform: DistributedPlatform): Promise<void> {
  const accounts = Array.from({ length: 32 }, (_, index) => `probe-${index}`);
  const replies = await Promise.all(
    accounts.map((id) => platform.server.post('/v1/accounts', { id, kind: 'wallet', unit: 'token' })),
  );
  expect(replies.filter(({ status }) => status !== 200 && status !== 201).map(({ body }) => body)).toEqual([]);
}

/** One account a partition; a repeat books nothing. */
async function everyPartitionBooks(platform: DistributedPlatform, timeoutMs: number): Promise<void> {
  const accounts = new Map<number, string>();
  for (let n = 0; accounts.size < partitionsDefault; n++)
    accounts.set(partitionOf(`each-${n}`, partitionsDefault), `each-${n}`);
  await Promise.all(
    [...accounts.values()].map((id) =>
      waitFor(
        `${id} to be booked`,
        async () => {
          const { status } = await platform.server.post('/v1/accounts', { id, kind: 'wallet', unit: 'token' });
          return status === 200 || status === 201;
        },
        timeoutMs,
      ),
    ),
  );
}

/** Opens an account in so many partitions that every owner is met; a repeat books nothing. */
async function everyOwnerBooks(platform: DistributedPlatform, timeoutMs: number): Promise<void> {
  const accounts = Array.from({ length: 32 }, (_, index) => `probe-${index}`);
  await Promise.all(
    accounts.map((id) =>
      waitFor(
        `${id} to be booked`,
        async () => {
          const { status } = await platform.server.post('/v1/accounts', { id, kind: 'wallet', unit: 'token' });
          return status === 200 || status === 201;
        },
        timeoutMs,
      ),
    ),
  );
}
