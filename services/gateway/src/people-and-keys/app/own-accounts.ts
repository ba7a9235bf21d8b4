import type { LedgerQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import type { Principal } from './access.ts';

/** The first entry that somebody sees of an account. */
export type SeenFrom = { readonly seq: string; readonly recorded_at: string };

/**
 * A user sees of an account what happened since it came to belong to them, so that the next owner of a licence key
 * learns nothing of the one before. undefined: servers and administrators see all of it.
 * @throws AppError('not_found', ACCOUNT_UNKNOWN) for what belongs to others too.
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
