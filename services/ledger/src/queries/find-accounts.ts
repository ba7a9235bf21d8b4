import type { AccountFound, AccountsFound, FindAccounts, LimitView } from '@tollgate/contracts';
import { ancestorsOf, AppError } from '@tollgate/kernel';

import type { Account } from '../domain/account/account.ts';
import { accountState } from '../domain/views.ts';
import { catalogOf, journalOf } from './account.ts';
import type { QueryPorts } from './ports.ts';
import type { Candidate, Candidates } from './reads.ts';

/** Accounts examined per step, and steps per answer: the upper bound of a page's cost. */
const stepAccounts = 500;
const stepsMax = 10;

/**
 * Accounts that match, in the order of partition and number. SQL filters by what the rows tell; the rest (limits in
 * their present periods, the present owner) is checked on the loaded account.
 */
export async function findAccounts(ports: QueryPorts, query: FindAccounts): Promise<AccountsFound> {
  let after = placeOf(query.after);
  const items: AccountFound[] = [];
  for (let step = 0; step < stepsMax; step++) {
    const candidates = await ports.reads.accounts.candidates(searchOf(query, after));
    const found = await statesOf(
      ports,
      candidates.filter(({ fits }) => fits),
    );
    for (const candidate of candidates) {
      after = [candidate.partition, candidate.ref];
      const item = found.get(candidate.id);
      if (item === undefined || !fits(query, item)) continue;
      items.push(item);
      if (items.length === query.limit) return { items, next: after.join('-') };
    }
    if (candidates.length < stepAccounts) return { items, next: null };
  }
  return { items, next: after.join('-') };
}

const searchOf = (
  { used_above_bp: share, balance_below: below, owner, unit, under }: FindAccounts,
  after: Candidates['after'],
): Candidates => ({
  after,
  limit: stepAccounts,
  limited: share !== undefined,
  ...(owner === undefined ? {} : { owner }),
  ...(unit === undefined ? {} : { unit }),
  ...(under === undefined ? {} : { under }),
  ...(below === undefined ? {} : { balanceBelow: BigInt(below) }),
});

/** The committed state of each, with what bounds it above. */
async function statesOf(
  ports: QueryPorts,
  candidates: readonly Candidate[],
): Promise<ReadonlyMap<string, AccountFound>> {
  const found = new Map<string, AccountFound>();
  for (const [partition, wanted] of Map.groupBy(candidates, (candidate) => candidate.partition)) {
    const ids = [...new Set(wanted.flatMap(({ id }) => (id.includes('/') ? [id, ...ancestorsOf(id)] : [id])))];
    const accounts = new Map<string, Account | null>(ids.map((id) => [id, null]));
    for (const account of await ports.reads.accounts.accounts(partition, ids)) accounts.set(account.id, account);
    const catalog = await catalogOf(ports, partition);
    for (const { id } of wanted) {
      const account = accounts.get(id);
      if (!account) continue;
      const state = accountState(
        journalOf(partition, accounts, Math.max(ports.clock.nowMs(), account.lastRecordedMs), catalog),
        account,
      );
      found.set(id, { ...state, nearest: nearestOf(state.limits.filter((limit) => limit.account === id)) });
    }
  }
  return found;
}

function nearestOf(limits: readonly LimitView[]): AccountFound['nearest'] {
  const shares = limits.map((limit) => ({ limit, share: shareOf(limit) }));
  const nearest = shares.reduce<(typeof shares)[number] | null>(
    (most, one) => (most === null || one.share > most.share ? one : most),
    null,
  );
  if (nearest === null) return null;
  const { limit, share } = nearest;
  return { ...limit, used_percent: `${share / 100n}.${String(share % 100n).padStart(2, '0')}` };
}

/** Hundredths of a percent of a limit that are used or held, rounded down; of a limit of 0 all is. */
function shareOf({ limit, used, held }: LimitView): bigint {
  const most = BigInt(limit);
  const taken = BigInt(used) + BigInt(held);
  if (most <= 0n) return 10_000n;
  return taken < 0n ? 0n : (taken * 10_000n) / most;
}

/** A closed account never matches: it cannot be used any more. */
function fits(
  { used_above_bp: share, balance_below: below, owner }: FindAccounts,
  { nearest, status, ...account }: AccountFound,
): boolean {
  if (owner !== undefined && account.owner !== owner) return false;
  if (status === 'closed' && (share !== undefined || below !== undefined)) return false;
  return share === undefined || (nearest !== null && shareOf(nearest) >= BigInt(share));
}

/** `<partition>-<number>` of the last account of a page. */
function placeOf(after: string | undefined): readonly [partition: number, ref: number] {
  if (after === undefined) return [-1, 0];
  const [partition, ref] = /^(\d{1,4})-(\d{1,9})$/.exec(after)?.slice(1).map(Number) ?? [];
  if (partition === undefined || ref === undefined)
    throw new AppError('invalid', 'REQUEST_INVALID', 'after is not a cursor of this list');
  return [partition, ref];
}
