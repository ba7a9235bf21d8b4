import { describe, expect, it } from '@jest/globals';
import type { BookedEntry, EndpointView } from '@tollgate/contracts';
import { waitFor } from '@tollgate/testing';

import type { WebhookMessage } from '../domain/webhook-message.ts';
import { startFeeds } from './webhook-feeds.ts';

const wantsHalves: EndpointView = {
  id: '6b1f6bd0-8d34-4a51-9a3b-3f8f2f0a9a01',
  url: 'https://example.com/hook',
  events: ['account.threshold'],
  account_prefix: null,
  balance_below: null,
  thresholds: [50],
  description: null,
  enabled: true,
  disabled_reason: null,
  created_at: '2026-11-21T12:00:00.000Z',
};
const halfUsed: BookedEntry = {
  partition: 0,
  partition_seq: '1',
  crossings: [],
  taken: [{ of: 'limit', whole: '200', before: '0', after: '100', period_start: null }],
  entry: {
    id: '0-1',
    account: 'a',
    seq: '1',
    kind: 'spent',
    amount: '-100',
    balance_after: '100',
    held_after: '0',
    used_after: '100',
    unit: 'u',
    contra: 'usage',
    source: 'http:spend',
    request_id: '1',
    ordinal: 0,
    occurred_at: '2026-11-21T12:00:00.000Z',
    recorded_at: '2026-11-21T12:00:00.000Z',
    offset: '1',
  },
};

describe('the feed of entries', () => {
  // Guarantee: an endpoint that existed when an entry was booked receives the thresholds that the entry passed.
  it('tells an endpoint that was made, and an entry that was booked, while a page of entries was read', async () => {
    const endpoints: EndpointView[] = [];
    const kept: WebhookMessage[] = [];
    const feeds = startFeeds({
      store: {
        list: () => Promise.resolve([...endpoints]),
        feed: async (feed, readOn) => {
          if (feed === 'charges' || kept.length > 0) return null;
          const { messages } = await readOn({ 0: '0' }, () => Promise.resolve([]));
          kept.push(...messages);
          return messages.length;
        },
        prune: () => Promise.resolve(),
      },
      ledger: {
        bookedAfter: ({ taken = false }) => {
          if (endpoints.length === 0) endpoints.push(wantsHalves);
          const { taken: shares, ...bare } = halfUsed;
          return Promise.resolve({
            items: [taken ? { ...bare, ...(shares === undefined ? {} : { taken: shares }) } : bare],
            heads: [{ partition: 0, seq: '1' }],
          });
        },
      },
      nowMs: () => Date.UTC(2026, 10, 21, 12),
      onKept: () => undefined,
      onFailure: (error) => {
        throw error;
      },
    });
    await waitFor('a page', () => Promise.resolve(kept.length > 0));
    await feeds.stop();
    expect(kept.map(({ type, share }) => ({ type, share }))).toContainEqual({ type: 'account.threshold', share: 50 });
  });
});
