import { createHmac, randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@tollgate/testing';

import {
  admin,
  book,
  books,
  closeWebhooks,
  deliveries,
  encryptionKey,
  endpoint,
  endSubscribers,
  openWebhooks,
  type Received,
  start,
  Subscriber,
} from '../testing/webhook-harness.ts';
import { secretBox } from './sending/secret-box.ts';
import { webhookHeaders } from './sending/webhook-signature.ts';

beforeAll(openWebhooks);
afterEach(endSubscribers);
afterAll(closeWebhooks);

describe('a signature', () => {
  it('is that of Standard Webhooks, by its published example', () => {
    const headers = webhookHeaders(
      { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' },
      ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
      1_614_265_330_000,
    );
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });
});

describe('a subscriber', () => {
  it('hears of every entry it asked for, from its registration on, signed with the secret it was shown', async () => {
    const [billing, subscriber] = [await start(), await Subscriber.start()];
    book(`${subscriber.url}/before`, -1, 9);
    const { secret } = await endpoint(billing, subscriber.url);
    book(`${subscriber.url}/a`, -1, 9);
    book('somebody else', -1, 9);
    book(`${subscriber.url}/b`, 5, 14);
    await waitFor('two deliveries', () => Promise.resolve(subscriber.received.length >= 2));
    expect(
      subscriber.received.map(({ body }) => (JSON.parse(body) as { data: { account: string } }).data.account).sort(),
    ).toEqual([`${subscriber.url}/a`, `${subscriber.url}/b`]);
    for (const { headers, body } of subscriber.received) {
      const signed = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64')).update(
        `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`,
      );
      expect(headers['webhook-signature']).toBe(`v1,${signed.digest('base64')}`);
      expect(Math.abs(Number(headers['webhook-timestamp']) * 1000 - Date.now())).toBeLessThan(10_000);
    }
    expect(JSON.stringify(await billing.queries.listEndpoints({}))).not.toContain(secret);
  });

  // Guarantee: reading the database, or a backup of it, is not enough to forge an event.
  it('has a secret that the database alone does not tell, nor another row', async () => {
    const [billing, subscriber] = [await start(), await Subscriber.start()];
    const [one, other] = [await endpoint(billing, subscriber.url), await endpoint(billing, subscriber.url)];
    const { rows } = await admin.query<{ id: string; secret: string; row: string }>(
      'select id, secret, e::text as row from billing.webhook_endpoints e where removed_at is null',
    );
    for (const { secret } of [one, other])
      for (const { row } of rows) {
        expect(row).not.toContain(secret.slice('whsec_'.length));
        expect(row).not.toContain(Buffer.from(secret.slice('whsec_'.length), 'base64').toString('hex'));
      }
    const sealed = rows.find(({ id }) => id === one.id)!.secret;
    const box = secretBox(encryptionKey);
    expect([
      box.open(sealed, one.id),
      box.open(sealed, other.id),
      secretBox('another key of 16').open(sealed, one.id),
      box.open(
        sealed.replace(/.$/, (end) => (end === 'A' ? 'B' : 'A')),
        one.id,
      ),
    ]).toEqual([one.secret, null, null, null]);
  });

  it('gets a new secret: it and the one before sign for a while, then the new one alone', async () => {
    const [billing, subscriber] = [await start(), await Subscriber.start()];
    const made = await endpoint(billing, subscriber.url);
    const rotated = await billing.queries.rotateSecret({ id: made.id, overlap_s: 3_600 });
    expect(rotated).toMatchObject({
      id: made.id,
      secret: expect.stringMatching(/^whsec_/),
      secret_before_until: expect.any(String),
    });
    expect(Date.parse(rotated!.secret_before_until) - Date.now()).toBeGreaterThan(3_500_000);
    const signedBy = ({ headers, body }: Received, secrets: readonly string[]): void => {
      const by = (secret: string) =>
        `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
          .update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`)
          .digest('base64')}`;
      expect(headers['webhook-signature']).toBe(secrets.map(by).join(' '));
    };
    book(`${subscriber.url}/a`, -1, 9);
    await waitFor('the first delivery', () => Promise.resolve(subscriber.received.length === 1));
    signedBy(subscriber.received[0]!, [rotated!.secret, made.secret]);
    await admin.query(
      "update billing.webhook_endpoints set secret_before_until = now() - interval '1 second' where id = $1",
      [made.id],
    );
    book(`${subscriber.url}/b`, -1, 9);
    await waitFor('the second delivery', () => Promise.resolve(subscriber.received.length === 2));
    signedBy(subscriber.received[1]!, [rotated!.secret]);
    const last = await billing.queries.rotateSecret({ id: made.id, overlap_s: 0 });
    book(`${subscriber.url}/c`, -1, 9);
    await waitFor('the third delivery', () => Promise.resolve(subscriber.received.length === 3));
    signedBy(subscriber.received[2]!, [last!.secret]);
    for (const overlap of [-1, 604_801, 1.5])
      await expect(billing.queries.rotateSecret({ id: made.id, overlap_s: overlap })).rejects.toMatchObject({
        code: 'REQUEST_INVALID',
      });
    expect(await billing.queries.rotateSecret({ id: randomUUID() })).toBeNull();
  });

  it('can be sent a test event, whatever it asked for, which nobody else hears', async () => {
    const [billing, subscriber, other] = [await start(), await Subscriber.start(), await Subscriber.start()];
    const made = await endpoint(billing, subscriber.url, ['charge.opened']);
    await endpoint(billing, other.url);
    const sent = await billing.queries.testEndpoint({ id: made.id });
    await waitFor('the test', () => Promise.resolve(subscriber.received.length === 1));
    expect(subscriber.ids()).toEqual([sent!.message_id]);
    expect(JSON.parse(subscriber.received[0]!.body)).toEqual({
      type: 'webhook.test',
      timestamp: expect.any(String),
      data: { endpoint: made.id },
    });
    await waitFor('its outcome', async () => (await deliveries(billing, made))[0]?.status === 'delivered');
    expect((await deliveries(billing, made))[0]).toMatchObject({ type: 'webhook.test', log: [{ status_code: 200 }] });
    expect(other.received).toEqual([]);
    expect(await billing.queries.testEndpoint({ id: randomUUID() })).toBeNull();
  });

  it('hears once a period that a share of a limit is used or held, and each time a balance falls so far', async () => {
    const [billing, subscriber] = [await start(), await Subscriber.start()];
    const made = await endpoint(billing, subscriber.url, ['account.threshold'], { thresholds: [100, 50, 80, 80] });
    expect(made.thresholds).toEqual([50, 80, 100]);
    const took = (of: 'limit' | 'balance', before: number, after: number, period: string | null = null): void => {
      book(`${subscriber.url}/a`, -1, 9);
      const last = books.length - 1;
      books[last] = {
        ...books[last]!,
        taken: [{ of, whole: '200', before: String(before), after: String(after), period_start: period }],
      };
    };
    const told = (): readonly string[] =>
      subscriber.received
        .map(({ body }) => {
          const { type, data } = JSON.parse(body) as {
            type: string;
            data: { of: string; share: number; taken: string; period_start: string | null };
          };
          return `${type} ${data.of} ${data.share} ${data.taken} ${data.period_start ?? '-'}`;
        })
        .sort();
    const [november, december] = ['2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z'];
    took('limit', 0, 99, november);
    took('limit', 99, 160, november);
    // Given back, and used again: the period has been told of.
    took('limit', 90, 170, november);
    took('limit', 0, 160, december);
    took('balance', 150, 200);
    took('balance', 150, 200);
    const all = [
      'account.threshold balance 100 200 -',
      'account.threshold balance 100 200 -',
      'account.threshold balance 80 200 -',
      'account.threshold balance 80 200 -',
      `account.threshold limit 50 160 ${november}`,
      `account.threshold limit 50 160 ${december}`,
      `account.threshold limit 80 160 ${november}`,
      `account.threshold limit 80 160 ${december}`,
    ].sort();
    await waitFor('the thresholds', () => Promise.resolve(told().length >= all.length));
    expect(told()).toEqual(all);
    expect(new Set(subscriber.ids()).size).toBe(all.length);
    for (const thresholds of [[], [0], [101], [1.5]])
      await expect(endpoint(billing, subscriber.url, ['account.threshold'], { thresholds })).rejects.toMatchObject({
        code: 'REQUEST_INVALID',
      });
    expect((await billing.queries.changeEndpoint({ id: made.id, fields: { thresholds: [90] } }))?.thresholds).toEqual([
      90,
    ]);
  });

  it('hears once that a balance fell below its bound, on the way down only', async () => {
    const [billing, subscriber] = [await start(), await Subscriber.start()];
    await endpoint(billing, subscriber.url, ['balance.low'], { balance_below: '100' });
    for (const [amount, after] of [
      [-50, 150],
      [-50, 100],
      [-1, 99],
      [-9, 90],
      [60, 150],
      [-60, 90],
    ] as const)
      book(`${subscriber.url}/w`, amount, after);
    await waitFor('two deliveries', () => Promise.resolve(subscriber.received.length >= 2));
    expect(
      subscriber.received.map(({ body }) => (JSON.parse(body) as { data: { balance: string } }).data.balance).sort(),
    ).toEqual(['90', '99']);
  });

  it('is refused an address that is no place for money, and events that do not exist', async () => {
    const { queries } = await start();
    for (const url of [
      'ftp://a.example',
      'http://a.example',
      'http://169.254.169.254/x',
      'https://u:p@a.example',
      'nonsense',
      '',
    ]) {
      await expect(queries.createEndpoint({ url })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    }
    await expect(queries.createEndpoint({ url: 'https://a.example', events: [] })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
    await expect(
      queries.createEndpoint({ url: 'https://a.example', events: ['no.such' as 'tier.crossed'] }),
    ).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    await expect(queries.createEndpoint({ url: 'https://a.example', balance_below: '-1' })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
    expect(await queries.removeEndpoint({ id: randomUUID() })).toBeNull();
    const made = await queries.createEndpoint({ url: 'https://a.example' });
    expect(await queries.removeEndpoint({ id: made.id })).toMatchObject({ id: made.id });
    expect(await queries.readEndpoint({ id: made.id })).toBeNull();
  });
});
