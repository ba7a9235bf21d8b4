import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { Events, Meter } from './events.ts';
import { Http } from './http.ts';
import { OutboxHarness } from './testing/outbox-harness.ts';

let on: OutboxHarness;
beforeEach(async () => {
  on = await OutboxHarness.start();
});
afterEach(() => on.stop());

describe('A meter', () => {
  // Guarantee: awaiting each record costs an answer each, not a pause.
  it('sends at once while nothing is under way, and what comes meanwhile with the next batch', async () => {
    const meter = new Meter(on.open(), { source: 'spec' });
    for (let n = 0; n < 5; n++) await meter.record({ subject: 'w', type: 'request' });
    expect(on.server.asked.map(({ body }) => (body as unknown[]).length)).toEqual([1, 1, 1, 1, 1]);

    on.server.asked.length = 0;
    await Promise.all(Array.from({ length: 100 }, () => meter.record({ subject: 'w', type: 'request' })));
    expect(on.server.asked.map(({ body }) => (body as unknown[]).length)).toEqual([100]);
  });

  it('sends events in batches, each with an identity that stays', async () => {
    on.server.answer = ({ body }) => ({
      status: 202,
      body: { accepted: (body as unknown[]).length, receipts: [], rejected: [] },
    });
    const meter = new Meter(on.open(), { source: 'spec', batchMax: 10, lingerMs: 5 });
    await Promise.all(
      Array.from({ length: 25 }, (_, n) => meter.record({ subject: 'w', type: 'request', data: { quantity: n } })),
    );
    const batches = on.server.asked.map(({ body }) => body as { id: string; source: string; specversion: string }[]);
    expect(batches.map((batch) => batch.length)).toEqual([10, 10, 5]);
    expect(new Set(batches.flat().map(({ id }) => id)).size).toBe(25);
    expect(batches.flat().every(({ source, specversion }) => source === 'spec' && specversion === '1.0')).toBe(true);
  });

  it('resolves once events are on disk, and tells of those that are refused one by one', async () => {
    const rejected: string[] = [];
    on.server.answer = () => ({
      status: 207,
      body: { accepted: 1, receipts: [], rejected: [{ index: 1, id: 'bad', code: 'TIME_OUT_OF_RANGE', detail: '' }] },
    });
    const meter = new Meter(on.open(), {
      onRejected: (event, { code }) => rejected.push(`${String(event['id'])} ${code}`),
    });
    void meter.record({ subject: 'w', type: 'request', id: 'good' });
    void meter.record({ subject: 'w', type: 'request', id: 'bad', time: '1999-01-01T00:00:00Z' });
    await meter.flush();
    expect(rejected).toEqual(['bad TIME_OUT_OF_RANGE']);

    await on.server.down();
    void meter.record({ subject: 'w', type: 'request', id: 'later' });
    await meter.flush();
    expect(await on.kept()).toHaveLength(1);
    await on.server.up();
  });
});

describe('Events', () => {
  it('are sent 1,000 at a time, and told apart by their places in the whole', async () => {
    on.server.answer = ({ body }) => {
      const events = body as readonly { readonly id: string }[];
      const bad = events.findIndex(({ id }) => id === 'bad');
      const rejected = bad < 0 ? [] : [{ index: bad, id: 'bad', code: 'EVENT_MALFORMED', detail: 'no' }];
      const receipts = events.filter(({ id }) => id !== 'bad').map(({ id }) => ({ id, partition: 1, offset: 1 }));
      return { status: bad < 0 ? 202 : 207, body: { accepted: receipts.length, receipts, rejected } };
    };
    const events = new Events(new Http({ baseUrl: on.server.url, apiKey: 'key' }), 'spec');
    const ids = Array.from({ length: 2_500 }, (_, n) => (n === 1_700 ? 'bad' : `e-${n}`));
    const all = await events.send(
      ids.map((id) => ({ subject: 'w', type: 'request', id })),
      { idempotencyKey: 'k' },
    );
    expect(on.server.asked.map(({ body }) => (body as unknown[]).length)).toEqual([1_000, 1_000, 500]);
    expect(new Set(on.server.asked.map(({ headers }) => headers['idempotency-key'])).size).toBe(3);
    expect([all.accepted, all.receipts.length]).toEqual([2_499, 2_499]);
    expect(all.rejected).toEqual([{ index: 1_700, id: 'bad', code: 'EVENT_MALFORMED', detail: 'no' }]);
  });
});
