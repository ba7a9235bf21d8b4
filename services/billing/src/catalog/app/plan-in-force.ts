import { defaultPricePlan, parsePricePlan } from '@tollgate/pricing';

import type { CatalogStore, PlanAt, PlanOf } from './catalog-ports.ts';

/**
 * The newest version of a price plan that takes effect at or before a moment; the built-in plan where there is none.
 */
export const makePlanAt =
  (catalog: Pick<CatalogStore, 'list'>): PlanAt =>
  async (name, atMs) => {
    const versions = (await catalog.list({ catalog: 'price-plan', name })).filter(
      (version) => Date.parse(version.effective_from) <= atMs,
    );
    const [newest] = versions.sort(
      (a, b) => Date.parse(b.effective_from) - Date.parse(a.effective_from) || b.version - a.version,
    );
    return newest === undefined ? defaultPricePlan : parsePricePlan(newest.content);
  };

/** A version of a price plan by its number. */
export const makePlanOf =
  (catalog: Pick<CatalogStore, 'find'>): PlanOf =>
  async (name, version) => {
    const found = await catalog.find({ catalog: 'price-plan', name, version });
    return found === null ? null : parsePricePlan(found.content);
  };
