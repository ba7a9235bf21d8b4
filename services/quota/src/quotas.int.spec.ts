import { createHash, randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type LedgerRequest, topics } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import { embeddedLogSchema, type EventLog, openEmbeddedLog } from '@tollgate/messaging';
import { createPool, migrate, rolePassword, roleUrl } from '@tollgate/persistence';
import { describeWith, fakeClock, type FreshDatabase, freshDatabase, whyNot } from '@tollgate/testing';

import { limitLog } from './adapters/log/limit-log.ts';
import { limitStore } from './adapters/postgres/limit-store.ts';
import { quotaSchema } from './adapters/postgres/migrations.ts';
import type { LimitLog, LimitStore, Provider } from './app/ports.ts';
import { Quotas } from './app/quotas.ts';

const passwordOf = (role: string): string => rolePassword('a secret of this test', role);
const partitions = 2;
const clock = fakeClock(Date.UTC(2026, 10, 21, 12));
const crash = (): never => {
  throw new Error('killed');
};

describeWith('postgres', await whyNot('postgres'), 'A limit that others own', () => {
  let database: FreshDatabase;
  let eventLog: EventLog;
  const pools: ReturnType<typeof createPool>[] = [];
  const quotaMb = new Map<string, number>();
  const provider: Provider = {
    knowsTokens: true,
    ask: async (token) => ({
      valid: true,
      bytes: BigInt(quotaMb.get(token) ?? 0) * 1_048_576n,
      subscriptionType: 'pro',
      expiresMs: null,
    }),
  };

  /** A quota service as it is after a start: nothing in memory, the same database and log. */
  function started(
    deadly: {
      readonly store?: Partial<LimitStore>;
      readonly log?: Partial<LimitLog>;
      readonly provider?: Provider;
    } = {},
  ): Quotas {
    const pool = createPool({
      url: roleUrl(database.url, quotaSchema.role, passwordOf(quotaSchema.role)),
      max: 2,
      applicationName: 'test',
    });
    pools.push(pool);
    const store = { ...limitStore(pool, partitions), ...deadly.store };
    const log = { ...limitLog(eventLog, partitions), ...deadly.log };
    return new Quotas({ provider: deadly.provider ?? provider, store, log, clock });
  }
  /** The limits of an account in the order of the log: how the ledger will see them. */
  async function limitsOf(account: string): Promise<readonly string[]> {
    const found: LedgerRequest[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      for await (const records of eventLog.read({ topic: topics.usageEvents, partition, from: 0 })) {
        found.push(
          ...records
            .map(({ value }) => JSON.parse(value) as LedgerRequest)
            .filter((request) => request.account === account),
        );
      }
    }
    return found.flatMap(({ type, data }) =>
      type === 'limit' ? [String(Number((data as { limit: string }).limit) / 1_048_576)] : [],
    );
  }
  async function accountOf(token: string): Promise<string> {
    const checked = await started().check({ token, use: true });
    return checked.valid ? checked.account : '';
  }
  const newToken = (mb: number): string => {
    const token = randomUUID();
    quotaMb.set(token, mb);
    return token;
  };

  beforeAll(async () => {
    database = await freshDatabase();
    await migrate({ adminUrl: database.url, schemas: [embeddedLogSchema, quotaSchema], rolePassword: passwordOf });
    eventLog = await openEmbeddedLog({
      url: roleUrl(database.url, embeddedLogSchema.role, passwordOf(embeddedLogSchema.role)),
      clock,
    });
    await eventLog.createTopics([{ topic: topics.usageEvents, partitions, retention: 'forever' }]);
  });
  afterEach(async () => {
    clock.advance(1_000);
    for (const pool of pools.splice(0)) await pool.end();
  });
  afterAll(async () => {
    await eventLog?.close();
    await database?.drop();
  });

  // Rule 21: who is answered under a limit finds it in the log.
  it('is in the log before anybody is answered under it, after a kill between the table and the log too', async () => {
    const token = newToken(100);
    await expect(started({ log: { append: crash } }).check({ token, use: true })).rejects.toThrow('killed');

    const checked = await started().check({ token, use: true });

    expect(checked).toMatchObject({ valid: true, quota_bytes: String(100 * 1_048_576) });
    expect(await limitsOf(await accountOf(token))).toEqual(['100']);
  });

  it('that was lowered reaches the log although the process was killed right after storing it', async () => {
    const token = newToken(100);
    const account = await accountOf(token);
    quotaMb.set(token, 40);
    clock.advance(600_000);
    await expect(started({ log: { append: crash } }).check({ token })).rejects.toThrow('killed');

    await started().check({ token });

    expect(await limitsOf(account)).toEqual(['100', '40']);
  });

  it('that was stored and not appended is appended even while the provider does not answer', async () => {
    const token = newToken(100);
    await expect(started({ log: { append: crash } }).check({ token, use: true })).rejects.toThrow('killed');
    const asked = provider.ask;
    provider.ask = () => Promise.reject(new AppError('unavailable', 'QUOTA_SERVICE_UNAVAILABLE', 'away'));
    try {
      expect(await started().check({ token })).toMatchObject({ valid: true, subscription_type: 'cached' });
      expect(await started().check({ token, use: true })).toMatchObject({ valid: true, subscription_type: 'cached' });
    } finally {
      provider.ask = asked;
    }
    expect(await limitsOf(await accountOf(token))).toEqual(['100']);
  });

  it(
    'comes twice, never less, when the process was killed between the log and its note: the ledger takes the ' +
      'same fetch once',
    async () => {
      const token = newToken(70);
      await expect(started({ store: { booked: crash } }).check({ token, use: true })).rejects.toThrow('killed');

      await started().check({ token, use: true });
      await started().check({ token, use: true });

      expect(await limitsOf(await accountOf(token))).toEqual(['70', '70']);
    },
  );

  // Guarantee: a made-up token leaves nothing behind, in the books or beside them.
  it('opens its account with the first use, not when somebody asks for it', async () => {
    const token = newToken(100);
    const account = `quota:${createHash('sha256').update(token).digest('hex').slice(0, 32)}`;
    expect(await started().check({ token })).toMatchObject({ valid: true, account, opened: false });
    expect(await started().check({ token, refresh: true })).toMatchObject({ valid: true, opened: false });
    expect(await limitsOf(account)).toEqual([]);

    const quotas = started();
    expect(await quotas.check({ token })).toMatchObject({ opened: false });
    expect(await quotas.check({ token, use: true })).toMatchObject({ valid: true, account, opened: true });
    expect(await quotas.check({ token })).toMatchObject({ opened: true });
    expect(await limitsOf(account)).toEqual(['100']);
    quotaMb.set(token, 40);
    clock.advance(600_000);
    await started().check({ token });
    expect(await limitsOf(account)).toEqual(['100', '40']);
  });

  it('of a token that no provider vouches for is kept nowhere before its first use', async () => {
    const unknowing = { ...provider, knowsTokens: false };
    const token = newToken(1000);
    expect(await started({ provider: unknowing }).check({ token })).toMatchObject({ valid: true, opened: false });
    expect(await started().stored({ token })).toBeNull();
    expect(await started({ provider: unknowing }).check({ token, use: true })).toMatchObject({
      valid: true,
      opened: true,
    });
    expect(await started().stored({ token })).toMatchObject({ opened: true });
    expect(await started({ provider: unknowing }).check({ token, refresh: true })).toMatchObject({ opened: true });
  });

  it('that two instances fetch at once ends as the later fetch says, in the table and in the log', async () => {
    const token = newToken(10);
    await started().check({ token, use: true });
    const [first, second] = [started(), started()];
    for (const mb of [20, 30, 40, 50]) {
      quotaMb.set(token, mb);
      clock.advance(10);
      await Promise.all([first, second].map((quotas) => quotas.check({ token, refresh: true })));
    }
    expect((await started().stored({ token }))?.quota_bytes).toBe(String(50 * 1_048_576));
    expect((await limitsOf(await accountOf(token))).at(-1)).toBe('50');
  });
});
