import type { CatalogItem } from '@tollgate/contracts';
import { parseRateCard } from '@tollgate/pricing';
import type { Pool } from 'pg';

import type { BookedCard } from '../../domain/prices/catalog.ts';
import { cardAt, emptyCatalog, rateCardDefault } from '../../domain/prices/catalog.ts';
import type { CatalogReads } from '../reads.ts';
import { catalogBooked, catalogItem, catalogItems } from './read-catalog.sql.ts';

export class PostgresCatalogReads implements CatalogReads {
  readonly #pool: Pool;
  readonly #partitions: number;
  constructor(pool: Pool, partitions: number) {
    this.#pool = pool;
    this.#partitions = partitions;
  }

  async items(partition: number): ReturnType<CatalogReads['items']> {
    const { rows } = await this.#pool.query<{ item: CatalogItem; booked_at: Date }>({
      name: 'catalog-items',
      text: catalogItems,
      values: [partition],
    });
    return rows.map(({ item, booked_at: bookedAt }) => ({ item, bookedMs: bookedAt.getTime() }));
  }

  async card(partition: number, name: string, version: number): Promise<BookedCard | null> {
    if (name === rateCardDefault && version === 1) {
      const builtIn = cardAt(emptyCatalog, name, 0);
      if (builtIn) return builtIn;
    }
    const {
      rows: [row],
    } = await this.#pool.query<{ item: CatalogItem; booked_at: Date }>(catalogItem, [partition, name, version]);
    if (!row) return null;
    const fromMs = Math.max(Date.parse(row.item.effective_from), row.booked_at.getTime());
    return { version, fromMs, card: parseRateCard(row.item.content), item: row.item };
  }

  async booked(catalog: string): ReturnType<CatalogReads['booked']> {
    const { rows } = await this.#pool.query<{ name: string; version: number; partitions: number }>(catalogBooked, [
      catalog,
    ]);
    return rows.map((row) => ({ ...row, of: this.#partitions }));
  }
}
