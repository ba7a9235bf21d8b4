import type { Pool } from 'pg';

import type { Account } from '../../domain/account/account.ts';
import type { AccountRow } from '../../postgres/account-row.ts';
import { fromRowAccount } from '../../postgres/account-row.ts';
import { loadAccounts, loadAccountsAt } from '../../postgres/load-accounts.sql.ts';
import type { AccountReads } from '../reads.ts';
import { readCandidates } from './candidates.ts';
import { accountBelow, accountNumbered, ownedSince } from './read-accounts.sql.ts';

export class PostgresAccountReads implements AccountReads {
  readonly #pool: Pool;
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async accounts(partition: number, ids: readonly string[], at?: string): Promise<readonly Account[]> {
    const values = [ids.map(() => partition), ids, [], []];
    const query =
      at === undefined
        ? { name: 'accounts', text: loadAccounts, values }
        : { name: 'accounts-at', text: loadAccountsAt, values: [...values, at] };
    const { rows } = await this.#pool.query<AccountRow>(query);
    return rows.map(fromRowAccount);
  }

  async hasDescendants(partition: number, id: string): Promise<boolean> {
    const { rowCount } = await this.#pool.query({ name: 'account-below', text: accountBelow, values: [partition, id] });
    return rowCount === 1;
  }

  candidates(search: Parameters<AccountReads['candidates']>[0]): ReturnType<AccountReads['candidates']> {
    return readCandidates(this.#pool, search);
  }

  async ownedSince({
    partition,
    account,
    owner,
  }: Parameters<AccountReads['ownedSince']>[0]): ReturnType<AccountReads['ownedSince']> {
    const values = [partition, account, owner];
    const {
      rows: [row],
    } = await this.#pool.query<{ seq: bigint; recorded_at: Date }>({ name: 'owned-since', text: ownedSince, values });
    return row ? { seq: Number(row.seq), recordedMs: row.recorded_at.getTime() } : null;
  }

  async accountNumbered(partition: number, ref: number): Promise<string | null> {
    const {
      rows: [row],
    } = await this.#pool.query<{ id: string }>({
      name: 'account-numbered',
      text: accountNumbered,
      values: [partition, ref],
    });
    return row?.id ?? null;
  }
}
