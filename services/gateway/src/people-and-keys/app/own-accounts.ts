import type { LedgerQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import type { Principal } from './access.ts';

/** The first entry of an account that a user may see. */
export type SeenFrom = { readonly seq: string; readonly recorded_at: string };

/**
 * A user sees entries from the time when the account became theirs, so that the next owner of a licence key learns
 * nothing about the previous one. undefined: no restriction (servers and administrators).
 * @throws AppError('not_found', ACCOUNT_UNKNOWN) also for accounts of others.
 */
export async function seenFrom(
  ledger: Pick<LedgerQueries, 'ownedSince'>,
  principal: Principal,
  account: string,
): Promise<SeenFrom | undefined> {
  if (principal.type === 'server' || principal.admin) return undefined;
  const since = await ledger.ownedSince({ account, owner: principal.userId });
  if (since === null) throw new AppError('not_found', 'ACCOUNT_UNKNOWN', 'there is no such account');
  return since;
}
