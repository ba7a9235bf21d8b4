import { accountKinds } from '@tollgate/contracts';
import type { Pool } from 'pg';

import type { TopUpReads } from '../reads.ts';
import { balancesBelow, refusedRequests } from './top-ups.sql.ts';

export class PostgresTopUpReads implements TopUpReads {
  readonly #pool: Pool;
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async balancesBelow(
    partition: number,
    wallets: Parameters<TopUpReads['balancesBelow']>[1],
  ): ReturnType<TopUpReads['balancesBelow']> {
    const ids = wallets.map(({ account }) => account);
    const values = [partition, ids, wallets.map(({ below }) => below), accountKinds.indexOf('wallet')];
    const { rows } = await this.#pool.query<{ id: string }>({ name: 'balances-below', text: balancesBelow, values });
    return rows.map(({ id }) => ({ id, below: BigInt(wallets[ids.indexOf(id)]?.below ?? 0) }));
  }

  async refusedRequests(
    partition: number,
    requests: Parameters<TopUpReads['refusedRequests']>[1],
  ): ReturnType<TopUpReads['refusedRequests']> {
    const values = [
      partition,
      requests.map(({ account }) => account),
      requests.map(({ source }) => source),
      requests.map(({ id }) => id),
    ];
    const { rows } = await this.#pool.query<{ asked: bigint; code: string }>({
      name: 'requests-refused',
      text: refusedRequests,
      values,
    });
    return rows.map(({ asked, code }) => ({ place: Number(asked) - 1, code }));
  }
}
