import type { CatalogItem } from '@tollgate/contracts';
import { defaultPricePlan, defaultRateCardContent, parseRateCard } from '@tollgate/pricing';
import type { PricePlan, RateCard } from '@tollgate/pricing';

/** A rate card version as one partition has booked it (rule 19). */
export type BookedCard = { readonly version: number; readonly fromMs: number; readonly card: RateCard; readonly item: CatalogItem };

/** Prices a partition decides by: versions in the order they were booked. Immutable. */
export type Catalog = { readonly cards: ReadonlyMap<string, readonly BookedCard[]> };

export const rateCardDefault = 'default';
const builtIn: BookedCard = {
  version: 1,
  fromMs: 0,
  card: parseRateCard(defaultRateCardContent),
  item: { catalog: 'rate-card', name: rateCardDefault, version: 1, effective_from: '1970-01-01T00:00:00.000Z', content: defaultRateCardContent },
};
export const emptyCatalog: Catalog = { cards: new Map([[rateCardDefault, [builtIn]]]) };

/**
 * The catalog with one more version, in force from max(effective_from, its place in the log); the same version again
 * changes nothing, so a repeated broadcast is harmless.
 */
export function withItem(catalog: Catalog, item: CatalogItem, recordMs: number): Catalog {
  if (item.catalog !== 'rate-card') return catalog;
  const booked = catalog.cards.get(item.name) ?? [];
  if (booked.some(({ version }) => version === item.version)) return catalog;
  const fromMs = Math.max(Date.parse(item.effective_from), recordMs);
  const card: BookedCard = { version: item.version, fromMs, card: parseRateCard(item.content), item };
  return { cards: new Map([...catalog.cards, [item.name, [...booked, card]]]) };
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

/** The price plan that counts a metered account's blocks. Published plans come with the billing surface; until then the built-in one. */
export const planOf = (_catalog: Catalog, _name: string | null): PricePlan => defaultPricePlan;
