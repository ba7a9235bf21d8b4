import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { BillingQueries } from '@tollgate/contracts';
import { canonicalJson, type Clock } from '@tollgate/kernel';
import { checkPublication } from '../domain/catalog-version.ts';
import type { CatalogStore } from './ports.ts';

/** How often the store is asked whether everybody has booked the version. */
const pollMs = 20;

/**
 * Publishes a version and waits at most `waitMs` until every partition has booked it; `wake` hurries the broadcaster.
 * What was published stays published: `pending` says only that the wait was too short.
 */
export const makePublishCatalog =
  (parts: { readonly store: CatalogStore; readonly clock: Clock; readonly wake: () => void; readonly waitMs: number }): BillingQueries['publishCatalog'] =>
  async ({ catalog, name, content, effective_from: effectiveFrom, key }) => {
    const nowMs = parts.clock.nowMs();
    const checked = checkPublication({ catalog, name, content, ...(effectiveFrom === undefined ? {} : { effectiveFrom }) }, nowMs);
    const hash = createHash('sha256').update(canonicalJson({ catalog, name, content, effectiveFrom })).digest('hex');
    let published = await parts.store.publish(checked, { nowMs, hash, ...(key === undefined ? {} : { key }) });
    parts.wake();

    const deadline = performance.now() + parts.waitMs;
    while (published.status === 'pending' && performance.now() < deadline) {
      await delay(pollMs);
      published = (await parts.store.find(published)) ?? published;
    }
    return published;
  };
