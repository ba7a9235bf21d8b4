/** The catalog of the token-process surface (surfaces §2), owned by billing: plain resources that admins keep. */
export const catalogResources = ['features', 'feature-endpoints', 'packages', 'token-profits'] as const;
export type CatalogResource = (typeof catalogResources)[number];

type Dated = { readonly id: string; readonly created_at: string; readonly updated_at: string };
/** What each resource looks like to admins. */
export type ResourceViews = {
  readonly features: Dated & {
    readonly name: string;
    readonly description: string | null;
    readonly is_active: boolean;
  };
  readonly 'feature-endpoints': Dated & {
    readonly feature: string;
    readonly path: string;
    readonly method: string | null;
    /** A start needs at least this many units free. */
    readonly minimum_token: number;
    readonly is_active: boolean;
  };
  readonly packages: Dated & {
    readonly name: string;
    /** Ids of features. */
    readonly features: readonly string[];
    /** Units granted with the package. */
    readonly token: number;
    /** null: never expires. */
    readonly duration_days: number | null;
    readonly overdraft: 'allow' | 'forbid';
  };
  /** 0 to 100 with at most two decimals; the active ones add up to the profit of the rate card `default`. */
  readonly 'token-profits': Dated & { readonly percentage: number; readonly is_active: boolean };
};
export type ResourceView = ResourceViews[CatalogResource];
/** Members of a resource, checked by the gateway; in a change, absent means unchanged. */
export type ResourceFields = Readonly<Record<string, string | number | boolean | null | readonly string[] | undefined>>;

/** What start and end need of the catalog, all of it: it is small. */
export type TokenCatalog = {
  /** Changes whenever anything here does. */
  readonly tag: string;
  readonly endpoints: readonly {
    readonly id: string;
    readonly feature: string;
    readonly minimum_token: number;
    /** The endpoint and its feature. */
    readonly active: boolean;
  }[];
  /** Removed ones too: who holds one keeps its terms. */
  readonly packages: readonly {
    readonly id: string;
    readonly features: readonly string[];
    readonly token: number;
    readonly duration_days: number | null;
    readonly overdraft: 'allow' | 'forbid';
    readonly removed: boolean;
  }[];
  /** Content of the rate card `default` in force. */
  readonly card: unknown;
};

export type TokenCatalogQueries = {
  /** null: nothing has changed since `known`. */
  tokenCatalog(query: { readonly known?: string }): Promise<TokenCatalog | null>;
  /** Newest first. */
  listResources(query: {
    readonly resource: CatalogResource;
    readonly offset: number;
    readonly limit: number;
  }): Promise<{
    readonly items: readonly ResourceView[];
    readonly total: number;
  }>;
  readResource(query: { readonly resource: CatalogResource; readonly id: string }): Promise<ResourceView | null>;
  /**
   * Makes one, under its own id or a new one. With `key`, a repeat is answered with the first answer; other content
   * under that key is AppError('reused'). A change of token profits (also by the two below) has published the rate card
   * `default` with the sum of the active ones, and answers when every partition has booked it or the wait is over.
   * @throws AppError('conflict', RESOURCE_EXISTS) · AppError('invalid', REQUEST_INVALID) with `sources` for unknown
   * references.
   */
  createResource(query: {
    readonly resource: CatalogResource;
    readonly id?: string;
    readonly fields: ResourceFields;
    readonly key?: string;
  }): Promise<{
    readonly item: ResourceView;
    readonly replayed: boolean;
  }>;
  /** null: there is no such resource. */
  changeResource(query: {
    readonly resource: CatalogResource;
    readonly id: string;
    readonly fields: ResourceFields;
  }): Promise<ResourceView | null>;
  /** null: there is no such resource. @throws AppError('conflict', RESOURCE_IN_USE) while another resource names it. */
  removeResource(query: { readonly resource: CatalogResource; readonly id: string }): Promise<ResourceView | null>;
};
