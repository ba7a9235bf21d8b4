import type { CatalogItem } from '@tollgate/contracts';

import type { Outcome } from '../decision.ts';
import { refusalIn } from '../decision.ts';
import type { Journal } from '../journal.ts';
import { unchanged } from '../posting/close.ts';
import { withItem } from '../prices/catalog.ts';

/** A published version takes its place in the partition's order; a repeated broadcast changes nothing (rule 19). */
export function decidePublish(journal: Journal, item: CatalogItem): Outcome {
  try {
    const catalog = withItem(journal.catalog, item, journal.nowMs);
    if (catalog !== journal.catalog) journal.items.push({ item, offset: journal.offset, bookedMs: journal.nowMs });
    journal.catalog = catalog;
  } catch (error) {
    return refusalIn(error);
  }
  return unchanged('');
}
