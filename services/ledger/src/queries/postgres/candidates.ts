import { accountKinds } from '@tollgate/contracts';
import type { Pool } from 'pg';

import { keepsLots } from '../../domain/account/account.ts';
import type { Candidate, Candidates } from '../reads.ts';
import { candidatesAll, candidatesLimited, candidatesOwned } from './find-accounts.sql.ts';

const keepingBalance = accountKinds.flatMap((kind, number) => (keepsLots(kind) ? [number] : []));

/** See `AccountReads.candidates`. */
export async function readCandidates(pool: Pool, search: Candidates): Promise<readonly Candidate[]> {
  const { after, limit, limited, owner, unit = null, under = null, balanceBelow = null } = search;
  const values = [...after, limit, unit, under, balanceBelow, keepingBalance];
  const query =
    owner !== undefined
      ? { name: 'candidates-owned', text: candidatesOwned, values: [...values, owner] }
      : limited
        ? { name: 'candidates-limited', text: candidatesLimited, values }
        : { name: 'candidates', text: candidatesAll, values };
  const { rows } = await pool.query<{ partition: number; account: number; id: string; fits: boolean }>(query);
  return rows.map(({ partition, account, id, fits }) => ({ partition, ref: account, id, fits }));
}
