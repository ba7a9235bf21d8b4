import { chargeIdOf, type CrossingEntered, topics } from '@tollgate/contracts';
import { partitionOf } from '@tollgate/kernel';
import { embeddedLogSchema, type EventLog, openEmbeddedLog } from '@tollgate/messaging';
import { createPool, migrate, rolePassword, roleUrl } from '@tollgate/persistence';
import { calendarMonth } from '@tollgate/pricing';
import { createLogger } from '@tollgate/service-kit';
import {
  type SimulatedFault,
  startStripeSimulator,
  type StripeSimulator,
  stripeSimulatorSchema,
} from '@tollgate/stripe-simulator';
import { type FakeClock, fakeClock, type FreshDatabase, freshDatabase, waitFor } from '@tollgate/testing';
import type { Pool } from 'pg';

import { billingSchema, type RunningBilling, startBilling } from '../index.ts';
import type { StripeAccess, StripeSettings } from '../stripe/stripe-client.ts';
import { Wallets } from './wallets.ts';

const partitions = 4;
const passwordOf = (role: string): string => rolePassword('a secret of this test', role);
export const periodStartMs = Date.UTC(2026, 10, 1);
export const periodEndMs = Date.UTC(2026, 11, 1);
export const startMs = Date.UTC(2026, 10, 21, 12);
const schemas = [embeddedLogSchema, billingSchema, stripeSimulatorSchema];

export type Fault = (call: {
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
}) => SimulatedFault | undefined;
export type Intent = {
  readonly id: string;
  readonly status: string;
  readonly amount: number;
  readonly customer: string;
  readonly metadata: { readonly charge_id?: string };
};

/** Billing on a real PostgreSQL and the embedded log, with the Stripe simulator over HTTP and a clock that stands. */
export class MoneyHarness {
  readonly clock: FakeClock;
  readonly admin: Pool;
  readonly log: EventLog;
  readonly stripe: StripeAccess;
  readonly webhookSecret = 'whsec_of_this_test';
  /** What goes wrong between Stripe and us; undefined: nothing. */
  fault: Fault | undefined;
  /** What the ledger would say that an account used; default: enough for every block. */
  readonly used = new Map<string, string>();
  /** What the ledger would say of an account's plan at a time; default: version 1 of the plan default. */
  readonly plans = new Map<
    string,
    (atMs: number) => {
      readonly name: string;
      readonly version: number;
      readonly fixed_fee: string;
      readonly currency: string;
    }
  >();
  /** What the ledger would say that it entered, by the id of the charge. */
  readonly crossings = new Map<string, CrossingEntered>();
  readonly wallets: Wallets;
  readonly #database: FreshDatabase;
  readonly #simulator: StripeSimulator;
  readonly #running = new Set<RunningBilling>();
  readonly #seqs = new Map<number, number>();

  private constructor(parts: {
    readonly clock: FakeClock;
    readonly database: FreshDatabase;
    readonly log: EventLog;
    readonly simulator: StripeSimulator;
    readonly faults: { now: Fault | undefined };
  }) {
    this.clock = parts.clock;
    this.log = parts.log;
    this.wallets = new Wallets(parts.log);
    this.#database = parts.database;
    this.#simulator = parts.simulator;
    this.admin = createPool({ url: parts.database.url, max: 3, applicationName: 'test' });
    this.stripe = {
      secretKey: 'sk_test_of_this_test',
      webhookSecret: this.webhookSecret,
      apiBase: parts.simulator.url,
      timeoutMs: 2_000,
    };
    Object.defineProperty(this, 'fault', {
      get: () => parts.faults.now,
      set: (fault: Fault | undefined) => (parts.faults.now = fault),
    });
  }

  static async start(): Promise<MoneyHarness> {
    const clock = fakeClock(startMs);
    const database = await freshDatabase({
      template: JSON.stringify(schemas),
      migrate: async (adminUrl) => void (await migrate({ adminUrl, schemas, rolePassword: passwordOf })),
    });
    const log = await openEmbeddedLog({
      url: roleUrl(database.url, embeddedLogSchema.role, passwordOf(embeddedLogSchema.role)),
      clock,
      appendTimeoutMs: 15_000,
    });
    await log.createTopics(
      [topics.usageEvents, topics.tierCrossings, topics.billingCharges].map((topic) => ({
        topic,
        partitions: topic === topics.billingCharges ? 64 : partitions,
        retention: 'forever' as const,
      })),
    );
    const faults: { now: Fault | undefined } = { now: undefined };
    const simulator = await startStripeSimulator({
      databaseUrl: roleUrl(database.url, stripeSimulatorSchema.role, passwordOf(stripeSimulatorSchema.role)),
      clock,
      webhookSecret: 'whsec_of_this_test',
      secretKey: 'sk_test_of_this_test',
      onTrouble: (error) => process.stderr.write(`simulator: ${String(error)}\n`),
      fault: (call) => faults.now?.(call),
    });
    return new MoneyHarness({ clock, database, log, simulator, faults });
  }

  get databaseUrl(): string {
    return roleUrl(this.#database.url, billingSchema.role, passwordOf(billingSchema.role));
  }

  async billing(stripe: StripeSettings = this.stripe): Promise<RunningBilling> {
    const running = await startBilling({
      databaseUrl: this.databaseUrl,
      eventLog: this.log,
      ledger: this.#ledger(),
      clock: this.clock,
      stripe,
      webhooks: { encryptionKey: 'a key of this test' },
      logger: createLogger({ service: 'test', level: 'silent' }),
    });
    this.#running.add(running);
    return running;
  }

  /** The ledger as far as billing asks it here: the crossings that this harness made. */
  #ledger(): Parameters<typeof startBilling>[0]['ledger'] {
    return {
      ...this.wallets.ledger,
      catalog: () => Promise.resolve([]),
      bookedAfter: () => Promise.resolve({ items: [], heads: [] }),
      crossings: ({ from, to, after, limit }) => {
        const start = Number(after ?? 0);
        const all = [...this.crossings.values()].filter(({ period }) => period.start >= from && period.start < to);
        return Promise.resolve({
          items: all.slice(start, start + limit),
          next: start + limit < all.length ? String(start + limit) : null,
        });
      },
      usage: ({ account, at }) =>
        Promise.resolve({
          period: this.#monthOf(at),
          used: this.used.get(account) ?? '9000000000000',
          plan: {
            name: 'default',
            version: 1,
            fixed_fee: '40000',
            currency: 'BRL',
            tier: '',
            included: '8000000',
            block: '8000000',
            ...this.plans.get(account)?.(Date.parse(at)),
          },
          crossings: [...this.crossings.values()].filter((each) => each.account === account),
        }),
    };
  }

  #monthOf(at: string): { readonly start: string; readonly end: string } {
    const { startMs, endMs } = calendarMonth(Date.parse(at), 'UTC');
    return { start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString() };
  }

  async stopBilling(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.stop()));
    this.#running.clear();
  }

  /** The crossing of a block as the ledger publishes it, with the next number of its partition. */
  crossing(
    userId: string,
    block: number,
    more: Record<string, unknown> = {},
  ): { readonly partition: number; readonly key: string; readonly value: string; readonly topic: string } {
    const account = `metered:${userId}`;
    const partition = partitionOf(account, partitions);
    const seq = (this.#seqs.get(partition) ?? 0) + 1;
    this.#seqs.set(partition, seq);
    const period = { start: new Date(periodStartMs).toISOString(), end: new Date(periodEndMs).toISOString() };
    const entered = {
      charge_id: this.chargeId(userId, block),
      block: String(block),
      plan: 'default',
      plan_version: 1,
      billing_tier: `${8 * block}M-${8 * (block + 1)}M`,
      amount_minor: '10000',
      currency: 'BRL',
      entry: `${partition}-${seq}`,
      recorded_at: new Date(this.clock.nowMs()).toISOString(),
      ...more,
    };
    this.crossings.set(entered.charge_id, { ...entered, account, period });
    const value = JSON.stringify({
      schemaVersion: 1,
      type: 'TierCrossed',
      partition,
      partition_seq: String(seq),
      account,
      period_start: period.start,
      period_end: period.end,
      ...entered,
    });
    return { topic: topics.tierCrossings, partition, key: account, value };
  }

  chargeId(userId: string, block: number): string {
    return chargeIdOf({ account: `metered:${userId}`, periodStartMs, block: BigInt(block) });
  }

  /** Every PaymentIntent at the simulator. */
  async intents(): Promise<readonly Intent[]> {
    const { rows } = await this.admin.query<{ body: Intent }>(
      `select body from stripe_simulator.objects where kind = 'payment_intent' order by position`,
    );
    return rows.map(({ body }) => body);
  }

  async statuses(): Promise<Readonly<Record<string, number>>> {
    const { rows } = await this.admin.query<{ status: string; count: number }>(
      'select status, count(*)::int as count from billing.charges group by 1',
    );
    return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
  }

  /** Lets time pass, a little at a time, until so many charges have succeeded. */
  async untilPaid(count: number, timeoutMs = 60_000): Promise<void> {
    await waitFor(
      `${count} charges to be paid`,
      async () => {
        this.clock.advance(1_000);
        return (await this.statuses())['succeeded'] === count;
      },
      timeoutMs,
    );
  }

  async events(): Promise<readonly string[]> {
    const { rows } = await this.admin.query<{ body: object }>(
      'select body from stripe_simulator.events order by position',
    );
    return rows.map(({ body }) => JSON.stringify(body));
  }

  async stop(): Promise<void> {
    await this.stopBilling();
    await this.log.close();
    await this.#simulator.stop();
    await this.admin.end();
    await this.#database.drop();
  }
}
