import type { EntryView, LedgerQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import { shownNumber } from '../../http-kit/number-shape.ts';
import type { LicenceKey } from '../app/licence-keys.ts';

/** Older entries are available through the SQL view. */
const historyMax = 100_000;
const chunk = 500;

export type OwnHistory = {
  readonly licence: LicenceKey;
  readonly since: { readonly seq: string };
  readonly userId: string;
};

/**
 * Uses of a key since it belongs to its owner, newest first. The ledger pages by cursor and this surface by number, so
 * the items before the page are skipped.
 */
export async function usesOf(
  ledger: Pick<LedgerQueries, 'entries'>,
  { licence, since, userId }: OwnHistory,
  { page, limit }: { readonly page: number; readonly limit: number },
): Promise<{ readonly items: readonly Record<string, unknown>[]; readonly total: number }> {
  const offset = (page - 1) * limit;
  if (offset + limit > historyMax)
    throw new AppError(
      'invalid',
      'REQUEST_INVALID',
      `only the last ${historyMax} uses are available; use a smaller page`,
    );
  const entries: EntryView[] = [];
  let seen = 0;
  let total: number | undefined;
  let after: string | undefined;
  do {
    const found = await ledger.entries({
      account: licence.account,
      from_seq: since.seq,
      kinds: ['spent'],
      limit: Math.min(chunk, offset + limit - seen),
      ...(after === undefined ? {} : { after }),
    });
    if (found === null) break;
    total ??= found.total;
    entries.push(...found.items.slice(Math.max(0, offset - seen)));
    seen += found.items.length;
    after = found.next ?? undefined;
  } while (after !== undefined && seen < offset + limit);
  return { items: entries.map((entry) => shownUse(entry, { licenceId: licence.id, userId })), total: total ?? seen };
}

function shownUse(
  entry: EntryView,
  { licenceId, userId }: { licenceId: string; userId: string },
): Record<string, unknown> {
  const { details } = entry;
  return {
    id: entry.id,
    license_key_id: licenceId,
    user_id: details?.['actor'] ?? userId,
    previous_balance: shownNumber(BigInt(entry.balance_after) - BigInt(entry.amount)),
    new_balance: shownNumber(entry.balance_after),
    tokens_used: 1,
    purpose: details?.['purpose'] ?? null,
    metadata: details?.['metadata'] ?? null,
    created_at: entry.recorded_at,
  };
}
