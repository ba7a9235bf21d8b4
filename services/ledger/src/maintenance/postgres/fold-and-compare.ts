import type { PoolClient } from 'pg';

import type { StoredPosition } from '../../booking/ports.ts';
import type { PostgresBookStore } from '../../booking/postgres/postgres-book-store.ts';
import type { AccountRow } from '../../postgres/account-row.ts';
import { fromRowAccount } from '../../postgres/account-row.ts';
import { loadAccounts } from '../../postgres/load-accounts.sql.ts';
import { differences, Folded } from '../fold.ts';
import { accountsInOrder, strayBlocks } from './fold-books.sql.ts';
import { bookedThrough } from './positions.sql.ts';
import { entriesWithRows } from './postgres-fold.ts';

/** Folds the entries of a partition, and compares the result with its projections as the snapshot has them. */
export async function foldAndCompare(
  client: PoolClient,
  store: PostgresBookStore,
  partition: number,
): Promise<{ folded: Folded; position: StoredPosition | undefined }> {
  const folded = new Folded(partition);
  // The first query takes the snapshot; the position is read in it by the fold's own connection.
  const {
    rows: [row],
  } = await client.query<{ next_offset: bigint; last_seq: bigint }>(bookedThrough, [partition]);
  for await (const entries of entriesWithRows(client, partition)) for (const entry of entries) folded.add(entry);
  folded.finish();
  const { rows: strayed } = await client.query<{ of: string; partition_seq: bigint }>(strayBlocks, [partition]);
  for (const { of, partition_seq: seq } of strayed)
    folded.note(`${of} has a row of entry ${partition}-${seq}, which is not there or of another account`);
  if (row && Number(row.last_seq) !== folded.lastSeq)
    folded.note(`the position says ${row.last_seq} entries, there are ${folded.lastSeq}`);
  for (let after = 0; ;) {
    const { rows: refs } = await client.query<{ account: number }>(accountsInOrder, [partition, after, 1_000]);
    const last = refs.at(-1);
    if (!last) break;
    const { rows } = await client.query<AccountRow>(loadAccounts, [
      [],
      [],
      refs.map(() => partition),
      refs.map(({ account }) => account),
    ]);
    for (const loaded of rows.map(fromRowAccount)) {
      const own = folded.accounts.get(loaded.ref);
      for (const what of own ? differences(own, loaded) : [`${loaded.id} has no entries`]) folded.note(what);
    }
    after = last.account;
  }
  const position = (await store.positions([partition])).get(partition);
  return { folded, position: position && row ? { ...position, nextOffset: Number(row.next_offset) } : position };
}
