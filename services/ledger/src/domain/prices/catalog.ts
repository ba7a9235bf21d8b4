import type { CatalogItem } from '@tollgate/contracts';
import type { PricePlan, RateCard } from '@tollgate/pricing';
import { defaultPricePlan, defaultRateCardContent, parsePricePlan, parseRateCard } from '@tollgate/pricing';

/** A rate card version as one partition has booked it (rule 19). */
export type BookedCard = {
  readonly version: number;
  readonly fromMs: number;
  readonly card: RateCard;
  readonly item: CatalogItem;
};

/** A price plan version as one partition has booked it. `fromMs`: the later of effective_from and `bookedMs`. */
export type BookedPlan = {
  readonly name: string;
  readonly version: number;
  readonly fromMs: number;
  readonly bookedMs: number;
  readonly plan: PricePlan;
};

/** Prices a partition decides by: versions in the order they were booked. Immutable. */
export type Catalog = {
  readonly cards: ReadonlyMap<string, readonly BookedCard[]>;
  readonly plans: ReadonlyMap<string, readonly BookedPlan[]>;
};

export const rateCardDefault = 'default';
const builtIn: BookedCard = {
  version: 1,
  fromMs: 0,
  card: parseRateCard(defaultRateCardContent),
  item: {
    catalog: 'rate-card',
    name: rateCardDefault,
    version: 1,
    effective_from: '1970-01-01T00:00:00.000Z',
    content: defaultRateCardContent,
  },
};
export const planDefault = 'default';
export const builtInPlan: BookedPlan = {
  name: planDefault,
  version: 1,
  fromMs: -Infinity,
  bookedMs: -Infinity,
  plan: defaultPricePlan,
};
export const emptyCatalog: Catalog = {
  cards: new Map([[rateCardDefault, [builtIn]]]),
  plans: new Map([[planDefault, [builtInPlan]]]),
};

/**
 * The catalog with one more version, in force from max(effective_from, its place in the log); the same version again
 * changes nothing, so a repeated broadcast is harmless.
 */
export function withItem(catalog: Catalog, item: CatalogItem, recordMs: number): Catalog {
  const { cards, plans } = catalog;
  const { name, version } = item;
  const known = (item.catalog === 'rate-card' ? cards : plans).get(name) ?? [];
  if (known.some((booked) => booked.version === version)) return catalog;
  const fromMs = Math.max(Date.parse(item.effective_from), recordMs);
  if (item.catalog === 'rate-card') {
    const card: BookedCard = { version, fromMs, card: parseRateCard(item.content), item };
    return { plans, cards: new Map([...cards, [name, [...(cards.get(name) ?? []), card]]]) };
  }
  const plan: BookedPlan = { name, version, fromMs, bookedMs: recordMs, plan: parsePricePlan(item.content) };
  return { cards, plans: new Map([...plans, [name, [...(plans.get(name) ?? []), plan]]]) };
}

/** The card in force at a time: the highest (effective from, version). */
export function cardAt(catalog: Catalog, name: string, atMs: number): BookedCard | undefined {
  let best: BookedCard | undefined;
  for (const card of catalog.cards.get(name) ?? []) {
    if (card.fromMs > atMs) continue;
    if (!best || card.fromMs > best.fromMs || (card.fromMs === best.fromMs && card.version > best.version)) best = card;
  }
  return best;
}
