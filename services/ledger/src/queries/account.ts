import type { AccountView } from '@tollgate/contracts';
import { ancestorsOf, partitionOf } from '@tollgate/kernel';

import type { Account } from '../domain/account/account.ts';
import { Journal } from '../domain/journal.ts';
import type { Catalog } from '../domain/prices/catalog.ts';
import { emptyCatalog, withItem } from '../domain/prices/catalog.ts';
import { accountView } from '../domain/views.ts';
import type { QueryPorts } from './ports.ts';

/** An account with its lots, holds and limits; `at`: as it was then. */
export async function accountOf(
  ports: QueryPorts,
  { id, at }: { readonly id: string; readonly at?: string },
): Promise<AccountView | null> {
  const partition = partitionOf(id, ports.partitions);
  const books = at === undefined ? ports.owned(partition) : null;
  const ids = id.includes('/') ? [id, ...ancestorsOf(id)] : [id];
  const found = new Map<string, Account | null>();
  for (const wanted of ids) {
    const cached = books?.account(wanted);
    if (cached !== undefined) found.set(wanted, cached);
  }
  const missing = ids.filter((wanted) => !found.has(wanted));
  if (missing.length > 0)
    for (const loaded of await ports.reads.accounts.accounts(partition, missing, at)) found.set(loaded.id, loaded);
  const committed = found.get(id);
  if (!committed) return null;
  const nowMs = at === undefined ? ports.clock.nowMs() : Date.parse(at);
  return accountView(
    journalOf(partition, found, Math.max(nowMs, committed.lastRecordedMs), await catalogOf(ports, partition)),
    committed,
  );
}

/** The prices that a partition decides by. */
export async function catalogOf(ports: QueryPorts, partition: number): Promise<Catalog> {
  const owned = ports.owned(partition);
  if (owned) return owned.catalog;
  return (await ports.reads.catalog.items(partition)).reduce(
    (catalog, { item, bookedMs }) => withItem(catalog, item, bookedMs),
    emptyCatalog,
  );
}

/** A journal to look at accounts with: nothing is posted on it. */
export const journalOf = (
  partition: number,
  accounts: ReadonlyMap<string, Account | null>,
  nowMs: number,
  catalog: Catalog = emptyCatalog,
): Journal => {
  const journal = new Journal({ partition, lastSeq: 0, lastRef: 0, catalog }, (id) => accounts.get(id) ?? undefined);
  journal.nowMs = nowMs;
  return journal;
};
