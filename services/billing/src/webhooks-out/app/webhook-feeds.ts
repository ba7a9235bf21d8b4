import { type Loop, startLoop } from '@tollgate/service-kit';

import { chargeMessage, entryMessages, type WebhookMessage } from '../domain/webhook-message.ts';
import type { Books, ChargeEvents, EndpointStore, FeedStore, Positions } from './webhook-ports.ts';

const idleMs = 1_000;
const pageMax = 500;
const keptMs = 30 * 86_400_000;
const pruneEveryMs = 3_600_000;

/**
 * Reads the ledger's entries and the charges' events as they come, and keeps what subscribers want of them (ADR 0017).
 */
export function startFeeds(parts: {
  readonly store: FeedStore & Endpoints;
  readonly ledger: Books;
  readonly nowMs: () => number;
  readonly onKept: () => void;
  readonly onFailure: (error: unknown) => void;
}): Loop {
  let prunedMs = 0;
  return startLoop({
    onFailure: parts.onFailure,
    round: async () => {
      const { store, ledger, nowMs } = parts;
      const charges = await store.feed('charges', chargesOn, nowMs());
      const entries = await store.feed('entries', (from) => entriesOn(ledger, store, from), nowMs());
      if ((charges ?? 0) + (entries ?? 0) > 0) parts.onKept();
      if (nowMs() - prunedMs > pruneEveryMs) {
        prunedMs = nowMs();
        await store.prune(nowMs() - keptMs);
      }
      return (charges ?? 0) + (entries ?? 0) >= pageMax ? 0 : idleMs;
    },
  });
}

type Endpoints = Pick<EndpointStore, 'list'>;

/** Percent of a limit, an allowance or a balance that somebody wants to hear of. */
async function sharesWanted(store: Endpoints): Promise<readonly number[]> {
  const wanted = (await store.list()).filter(({ enabled, events }) => enabled && events.includes('account.threshold'));
  return [...new Set(wanted.flatMap(({ thresholds }) => thresholds))];
}

type ReadOn = { readonly messages: readonly WebhookMessage[]; readonly to: Positions };

async function chargesOn(from: Positions, charges: ChargeEvents): Promise<ReadOn> {
  const events = await charges(from, pageMax);
  const to = {
    ...from,
    ...Object.fromEntries(events.map(({ partition, partitionSeq }) => [String(partition), String(partitionSeq)])),
  };
  return { to, messages: events.flatMap((event) => chargeMessage(event) ?? []) };
}

async function entriesOn(ledger: Books, store: Endpoints, from: Positions): Promise<ReadOn> {
  const after = Object.entries(from).map(([partition, seq]) => ({ partition: Number(partition), seq }));
  const taken = (await sharesWanted(store)).length > 0;
  const { items, heads } = await ledger.bookedAfter({ after, limit: pageMax, ...(taken ? { taken } : {}) });
  // Asked again after the entries were read: every endpoint that existed when one of them was booked is in it.
  const shares = await sharesWanted(store);
  if (shares.length > 0 && !taken) return entriesOn(ledger, store, from);
  // A partition that was never read is read from its beginning: it had no entries when the first endpoint was made.
  const fresh = Object.fromEntries(
    heads
      .filter(({ partition }) => from[String(partition)] === undefined)
      .map(({ partition }) => [String(partition), '0']),
  );
  const read = Object.fromEntries(items.map(({ partition, partition_seq: seq }) => [String(partition), seq]));
  return { to: { ...from, ...fresh, ...read }, messages: items.flatMap((item) => entryMessages(item, shares)) };
}
