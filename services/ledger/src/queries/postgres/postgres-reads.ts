import type { Pool } from 'pg';

import { PostgresFeedReads } from '../../publishing/postgres/feed-reads.ts';
import type { Reads } from '../reads.ts';
import { PostgresAccountReads } from './account-reads.ts';
import { PostgresCatalogReads } from './catalog-reads.ts';
import { PostgresEntryReads } from './entry-reads.ts';
import { PostgresRefusalReads } from './refusal-reads.ts';
import { PostgresTopUpReads } from './top-up-reads.ts';
import { PostgresUsageReads } from './usage-reads.ts';

/** Reads of the books on PostgreSQL. */
export const postgresReads = (pool: Pool, partitions: number): Reads => ({
  accounts: new PostgresAccountReads(pool),
  entries: new PostgresEntryReads(pool),
  usage: new PostgresUsageReads(pool),
  catalog: new PostgresCatalogReads(pool, partitions),
  refusals: new PostgresRefusalReads(pool),
  topUps: new PostgresTopUpReads(pool),
  feed: new PostgresFeedReads(pool),
});
