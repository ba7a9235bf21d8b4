import { randomUUID } from 'node:crypto';

import type { TokenCatalogQueries } from '@tollgate/contracts';

import type { Changed, ResourceStore } from './catalog-ports.ts';
import type { AwaitBooked } from './publish-catalog.ts';

/** The catalog of the token process. A change of profits is answered once the ledger decides by it. */
export function makeResources(parts: {
  readonly store: ResourceStore;
  readonly awaitBooked: AwaitBooked;
}): TokenCatalogQueries {
  const { store, awaitBooked } = parts;
  const settled = async <T extends Changed | null>(changed: T): Promise<T> => {
    if (changed?.published) await awaitBooked(changed.published);
    return changed;
  };
  return {
    tokenCatalog: ({ known }) => store.tokenCatalog(known),
    listResources: (query) => store.list(query),
    readResource: (query) => store.read(query),
    createResource: async ({ resource, id, fields, key }) => {
      const asked = {
        resource,
        id: id ?? randomUUID(),
        fields,
        ...(id === undefined ? {} : { givenId: id }),
        ...(key === undefined ? {} : { key }),
      };
      const { item, replayed } = await settled(await store.create(asked));
      return { item, replayed };
    },
    changeResource: async (query) => (await settled(await store.change(query)))?.item ?? null,
    removeResource: async (query) => (await settled(await store.remove(query)))?.item ?? null,
  };
}
