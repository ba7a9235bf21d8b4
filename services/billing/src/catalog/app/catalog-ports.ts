import type {
  CatalogItem,
  CatalogResource,
  CatalogVersionView,
  ResourceFields,
  ResourceView,
  TokenCatalog,
} from '@tollgate/contracts';
import type { PricePlan } from '@tollgate/pricing';

import type { CheckedPublication } from '../domain/catalog-version.ts';

/** Published versions, and how far each was broadcast; one database transaction a call. */
export type CatalogStore = {
  /**
   * Stores the next version of its name together with its outbox row. With a known `key`, it answers the version that
   * this key published.
   */
  publish(
    publication: CheckedPublication,
    at: { readonly nowMs: number; readonly key?: string; readonly hash: string },
  ): Promise<CatalogVersionView>;
  /** null: no such version. */
  find(id: {
    readonly catalog: string;
    readonly name: string;
    readonly version: number;
  }): Promise<CatalogVersionView | null>;
  list(query: { readonly catalog: string; readonly name?: string }): Promise<readonly CatalogVersionView[]>;
  /**
   * Hands every version that was not yet appended to `append`, in the order of publication, and marks it when that
   * resolves. One instance at a time; another answers at once without doing anything.
   */
  appendOutstanding(append: (item: CatalogItem) => Promise<void>): Promise<void>;
  /** Versions that were appended and not yet seen booked everywhere. */
  awaitingBooking(): Promise<readonly CatalogItem[]>;
  markBooked(item: CatalogItem): Promise<void>;
};

/** A resource as a change left it, and the version of the rate card that was published with it. */
export type Changed = {
  readonly item: ResourceView;
  readonly replayed: boolean;
  readonly published: Pick<CatalogItem, 'catalog' | 'name' | 'version'> | null;
};

/** Features, endpoints, packages and profits; see `TokenCatalogQueries`. One database transaction a change. */
export type ResourceStore = {
  list(query: { readonly resource: CatalogResource; readonly offset: number; readonly limit: number }): Promise<{
    readonly items: readonly ResourceView[];
    readonly total: number;
  }>;
  read(query: { readonly resource: CatalogResource; readonly id: string }): Promise<ResourceView | null>;
  /** `givenId`: the id when the caller chose it; part of the content that a key stands for. */
  create(creation: {
    readonly resource: CatalogResource;
    readonly id: string;
    readonly givenId?: string;
    readonly fields: ResourceFields;
    readonly key?: string;
  }): Promise<Changed>;
  change(change: {
    readonly resource: CatalogResource;
    readonly id: string;
    readonly fields: ResourceFields;
  }): Promise<Changed | null>;
  remove(query: { readonly resource: CatalogResource; readonly id: string }): Promise<Changed | null>;
  tokenCatalog(known: string | undefined): Promise<TokenCatalog | null>;
};

/** The log, as far as a broadcast needs it. */
export type CatalogLog = {
  /** Appends a version to every partition; resolves when all hold it. A repeat is booked once. */
  broadcast(item: CatalogItem): Promise<void>;
};

/** The version of a price plan that is in force at a moment. */
export type PlanAt = (plan: string, atMs: number) => Promise<PricePlan>;
/** A version of a price plan by its number; null: there is none. */
export type PlanOf = (name: string, version: number) => Promise<PricePlan | null>;
