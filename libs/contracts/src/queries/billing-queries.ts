import type { CatalogItem } from '../requests/ledger-requests.ts';
import type { ClosingQueries } from './closing-queries.ts';
import type { MoneyQueries } from './money-queries.ts';
import type { ReconcileQueries } from './reconcile-queries.ts';
import type { TokenCatalogQueries } from './token-catalog.ts';
import type { TopUpQueries } from './top-up-queries.ts';
import type { WebhookQueries } from './webhook-queries.ts';

/** What billing answers over Nest's TCP transport (in one process: called directly). */
export type BillingQueries = {
  /**
   * Publishes the next version of `name` and waits, within bounds, until every partition of the ledger has booked it:
   * `booked`, else `pending` (it will be, whatever crashes). With `key`, a repeat of the same publication answers with
   * the version of the first; other content under that key is refused (AppError 'reused').
   * @throws AppError('invalid', CATALOG_INVALID) for content that is none.
   * @throws AppError('conflict', CATALOG_CONFLICT) when `effective_from` lies in the past, or another version of a
   * price plan takes effect at that moment.
   */
  publishCatalog(query: {
    readonly catalog: CatalogItem['catalog'];
    readonly name: string;
    readonly content: unknown;
    /** ISO 8601; default: now. */
    readonly effective_from?: string;
    readonly key?: string;
  }): Promise<CatalogVersionView>;
  /** Every version, newest first. */
  listCatalog(query: {
    readonly catalog: CatalogItem['catalog'];
    readonly name?: string;
  }): Promise<readonly CatalogVersionView[]>;
} & TokenCatalogQueries &
  MoneyQueries &
  WebhookQueries &
  ReconcileQueries &
  TopUpQueries &
  ClosingQueries;

export type CatalogVersionView = CatalogItem & {
  readonly published_at: string;
  /** `booked`: every partition of the ledger decides with it from its `effective_from` on. */
  readonly status: 'booked' | 'pending';
};

/** Pattern of billing's queries on Nest's TCP transport: `billing.query.<name>`. */
export const billingQueryPattern = (name: keyof BillingQueries): string => `billing.query.${name}`;
