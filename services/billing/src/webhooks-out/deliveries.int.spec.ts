import { randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { openEntities } from '@tollgate/persistence';
import { waitFor } from '@tollgate/testing';

import { entities } from '../postgres/entities.ts';
import {
  admin,
  book,
  closeWebhooks,
  deliveries,
  encryptionKey,
  endpoint,
  endSubscribers,
  forgetStopped,
  openWebhooks,
  start,
  Subscriber,
} from '../testing/webhook-harness.ts';
import { webhookStore } from './postgres/webhook-store.ts';
import { secretBox } from './sending/secret-box.ts';

beforeAll(openWebhooks);
afterEach(endSubscribers);
afterAll(closeWebhooks);

describe('a subscriber', () => {
  it(
    'that fails is told again under the same id, and after the last pause the delivery has failed, until it is ' +
      'replayed',
    async () => {
      const [billing, subscriber] = [await start(), await Subscriber.start()];
      const made = await endpoint(billing, subscriber.url);
      subscriber.answer = () => 500;
      book(`${subscriber.url}/x`, -1, 1);
      await waitFor('the end of the attempts', async () => (await deliveries(billing, made))[0]?.status === 'failed');
      expect(subscriber.received).toHaveLength(3);
      expect(new Set(subscriber.ids()).size).toBe(1);
      const [failed] = await deliveries(billing, made);
      expect(failed).toMatchObject({
        attempts: 3,
        next_try_at: null,
        log: [{ status_code: 500 }, { status_code: 500 }, { status_code: 500, error: 'answered 500' }],
      });
      subscriber.answer = () => 204;
      expect(await billing.queries.replayDeliveries({ endpoint: made.id, delivery: failed!.id })).toEqual({
        replayed: 1,
      });
      await waitFor('the replay', async () => (await deliveries(billing, made))[0]?.status === 'delivered');
      expect(new Set(subscriber.ids()).size).toBe(1);
      expect(await billing.queries.replayDeliveries({ endpoint: made.id, delivery: '999999' })).toBeNull();
    },
  );

  // Guarantee: one subscriber that hangs costs the others nothing.
  it('that hangs holds nobody else up', async () => {
    const [billing, hanging, quick] = [await start(), await Subscriber.start(), await Subscriber.start()];
    hanging.answer = () => 'hang';
    await endpoint(billing, hanging.url);
    await endpoint(billing, quick.url);
    for (let index = 0; index < 30; index++) book(`${hanging.url}/h`, -1, 1);
    for (let index = 0; index < 10; index++) book(`${quick.url}/q`, -1, 1);
    await waitFor('the quick one', () => Promise.resolve(quick.received.length === 10));
    expect(hanging.received.length).toBeLessThan(30);
  });

  it('that was down is told afterwards, also after a restart of billing; one that is gone is disabled', async () => {
    const [billing, subscriber, gone] = [
      await start([100, 100, 100, 100, 100, 100, 100, 100, 100, 60_000]),
      await Subscriber.start(),
      await Subscriber.start(),
    ];
    subscriber.answer = (index) => (index < 3 ? 503 : 200);
    gone.answer = () => 410;
    const made = await endpoint(billing, subscriber.url);
    const left = await endpoint(billing, gone.url);
    book(`${subscriber.url}/x`, -1, 1);
    book(`${gone.url}/x`, -1, 1);
    await waitFor('a first attempt', () => Promise.resolve(subscriber.received.length > 0 && gone.received.length > 0));
    await billing.stop();
    forgetStopped();
    const again = await start([100, 100, 100, 100]);
    await waitFor('the delivery', async () => (await deliveries(again, made))[0]?.status === 'delivered');
    expect(new Set(subscriber.ids()).size).toBe(1);
    expect(await again.queries.readEndpoint({ id: left.id })).toMatchObject({
      enabled: false,
      disabled_reason: 'it answered 410 Gone',
    });
    expect(await again.queries.changeEndpoint({ id: left.id, fields: { enabled: true } })).toMatchObject({
      enabled: true,
      disabled_reason: null,
    });
  });

  it('is told once of everything by two instances', async () => {
    const [one, two, subscriber] = [await start(), await start(), await Subscriber.start()];
    await endpoint(one, subscriber.url);
    for (let index = 0; index < 120; index++) book(`${subscriber.url}/${index}`, -1, 1);
    await waitFor('all', () => Promise.resolve(subscriber.received.length >= 120));
    await Promise.all([one.stop(), two.stop()]);
    forgetStopped();
    expect(new Set(subscriber.ids()).size).toBe(120);
    expect(subscriber.received).toHaveLength(120);
  });

  // Guarantee: a process killed between claiming and noting an attempt loses no delivery.
  it('is told again, under the same id, of what a killed process was at', async () => {
    const [billing, subscriber] = [await start(), await Subscriber.start()];
    const made = await endpoint(billing, subscriber.url, ['entry.booked'], { enabled: true });
    await billing.stop();
    forgetStopped();
    const store = webhookStore(admin, () => openEntities(admin, entities), secretBox(encryptionKey));
    const [nowMs, id] = [Date.now(), `msg_${randomUUID()}`];
    await admin.query("insert into billing.webhook_messages values ($1, 'entry.booked', '{}', now())", [id]);
    await admin.query(
      'insert into billing.webhook_deliveries (endpoint, message, status, next_try_at, created_at) values ($1, ' +
        "$2, 'pending', $3, now())",
      [made.id, id, new Date(nowMs)],
    );
    const claim = (atMs: number) => store.claim({ nowMs: atMs, leaseMs: 60_000, perEndpoint: 2, limit: 9, busy: [] });
    expect(await claim(nowMs)).toMatchObject([{ message: id, attempts: 1 }]);
    expect(await claim(nowMs + 59_999)).toEqual([]);
    const [again] = await claim(nowMs + 60_000);
    expect(again).toMatchObject({ message: id, attempts: 2 });
    // The first one comes back after all: it is noted, and decides nothing any more.
    await store.settle(
      { ...again!, attempts: 1 },
      { startedMs: nowMs, durationMs: 1, statusCode: 500, error: 'x' },
      { status: 'failed', nextTryMs: null },
    );
    expect(await claim(nowMs + 120_001)).toMatchObject([{ message: id, attempts: 3 }]);
  });

  it('hears of what becomes of a charge, each event once', async () => {
    const [billing, subscriber] = [await start(), await Subscriber.start()];
    const account = `${subscriber.url}/payer`;
    await endpoint(billing, subscriber.url, ['charge.opened', 'charge.succeeded']);
    const id = randomUUID();
    await admin.query(
      `insert into billing.charges (id, account, period_start, period_end, block, plan, billing_tier, amount_minor,
        currency, entry, status, version, created_at, updated_at)
      values ($1, $2, '2026-11-01Z', '2026-12-01Z', 1, 'default', '8M-16M', 10000, 'BRL', '0-1', 'succeeded', 3, now(),
        now())`,
      [id, account],
    );
    for (const [number, type] of [
      [1, 'ChargeOpened'],
      [2, 'AttemptStarted'],
      [3, 'ChargeSucceeded'],
    ] as const) {
      await admin.query("insert into billing.charge_events values ($1, $2, $3, 'pending', '{}', now())", [
        id,
        number,
        type,
      ]);
      await admin.query(
        'insert into billing.charge_outbox (charge_id, number, partition, partition_seq, appended_at) values ' +
          '($1, $2, 7, $3, now())',
        [id, number, number],
      );
    }
    await waitFor('both', () => Promise.resolve(subscriber.received.length >= 2));
    expect([...subscriber.ids()].sort()).toEqual([`msg_charge_${id}_1`, `msg_charge_${id}_3`]);
    expect(JSON.parse(subscriber.received[0]!.body)).toMatchObject({
      data: { charge_id: id, amount_minor: '10000', currency: 'BRL', billing_tier: '8M-16M', account },
    });
  });
});
