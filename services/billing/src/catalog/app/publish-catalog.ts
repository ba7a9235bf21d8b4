import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { BillingQueries, CatalogItem, CatalogVersionView } from '@tollgate/contracts';
import { canonicalJson, type Clock } from '@tollgate/kernel';

import { checkPublication } from '../domain/catalog-version.ts';
import type { CatalogStore } from './catalog-ports.ts';

/** How often the store is asked whether everybody has booked the version. */
const pollMs = 20;

/**
 * Publishes a version and waits until every partition has booked it. What was published stays published: `pending` says
 * only that the wait was too short.
 */
export const makePublishCatalog =
  (parts: {
    readonly store: CatalogStore;
    readonly clock: Clock;
    readonly awaitBooked: AwaitBooked;
  }): BillingQueries['publishCatalog'] =>
  async ({ catalog, name, content, effective_from: effectiveFrom, key }) => {
    const nowMs = parts.clock.nowMs();
    const checked = checkPublication(
      { catalog, name, content, ...(effectiveFrom === undefined ? {} : { effectiveFrom }) },
      nowMs,
    );
    const hash = createHash('sha256').update(canonicalJson({ catalog, name, content, effectiveFrom })).digest('hex');
    const published = await parts.store.publish(checked, { nowMs, hash, ...(key === undefined ? {} : { key }) });
    return (await parts.awaitBooked(published)) ?? published;
  };

/**
 * Hurries the broadcaster and waits, within bounds, until every partition has booked a version; null: there is none.
 */
export type AwaitBooked = (
  version: Pick<CatalogItem, 'catalog' | 'name' | 'version'>,
) => Promise<CatalogVersionView | null>;

export const makeAwaitBooked =
  (parts: {
    readonly store: Pick<CatalogStore, 'find'>;
    readonly wake: () => void;
    readonly waitMs: number;
  }): AwaitBooked =>
  async (version) => {
    parts.wake();
    const deadline = performance.now() + parts.waitMs;
    for (;;) {
      const published = await parts.store.find(version);
      if (published?.status !== 'pending' || performance.now() >= deadline) return published;
      await delay(pollMs);
    }
  };
