import { canonicalJson } from '@tollgate/kernel';
import type { Pool } from 'pg';

import { commitmentOf } from '../../postgres/details-commitment.ts';
import { detailsInOrder } from './fold-books.sql.ts';

const readMax = 2_000;
type Row = {
  readonly partition_seq: bigint;
  readonly commitment: Buffer;
  readonly salt: Buffer | null;
  readonly content: unknown;
};

/**
 * The entries of a partition whose words are no longer those that their leaf commits to (rule 29). Erased words,
 * without salt and content, are valid.
 */
export async function* changedDetails(pool: Pick<Pool, 'query'>, partition: number): AsyncGenerator<number> {
  for (let after = 0; ;) {
    const { rows } = await pool.query<Row>(detailsInOrder, [partition, after, readMax]);
    const last = rows.at(-1);
    if (!last) return;
    for (const row of rows) if (isChanged(row)) yield Number(row.partition_seq);
    after = Number(last.partition_seq);
  }
}

function isChanged({ commitment, salt, content }: Row): boolean {
  if (salt === null || content === null) return salt !== content;
  return !commitmentOf(salt.toString('hex'), canonicalJson(content)).equals(commitment);
}
