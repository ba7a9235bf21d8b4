import type { Cause, Contra, Entry, EntryKind, LotRow } from '../entry.ts';
import type { Journal, Posting } from '../journal.ts';
import type { Account, Lot } from './account.ts';

/** A part of a spend, from one lot or (beyond all lots) from overdraft. */
export type Piece = { readonly lot: Lot | null; readonly take: bigint };

/**
 * Which lots an amount burns, in order; `sparing` bought ones. Lots past their expiry still burn: a hold reserved them.
 */
export function burn(account: Readonly<Account>, amount: bigint, sparing?: 'purchased'): readonly Piece[] {
  if (account.kind === 'quota') return [{ lot: null, take: amount }];
  const pieces: Piece[] = [];
  let rest = amount;
  for (const lot of account.lots) {
    if (rest === 0n) break;
    if (sparing && lot.purchased) continue;
    const take = lot.left < rest ? lot.left : rest;
    pieces.push({ lot, take });
    rest -= take;
  }
  if (rest > 0n || pieces.length === 0) pieces.push({ lot: null, take: rest });
  return pieces;
}

const noLot = { lot: null, lotRows: [] } as const;

/** How a lot stands after something was taken from it: what its entry carries, and its closing row when it is empty. */
export function lotAfter(
  lot: Lot | null,
  take: bigint,
): { lot: { lot: number; left: bigint } | null; lotRows: readonly Omit<LotRow, 'floor'>[] } {
  if (!lot) return noLot;
  const left = lot.left - take;
  return { lot: { lot: lot.lot, left }, lotRows: left === 0n ? [{ ...lot, left }] : noLot.lotRows };
}

/**
 * Adds units as a new lot. Units that fill a negative balance are used at once: the lot keeps what is above zero.
 * A lot that will expire sets its timer; one whose time has come is the caller's to expire.
 */
export function postGrant(
  journal: Journal,
  accountId: string,
  grant: {
    readonly kind: EntryKind;
    readonly cause: Cause;
    readonly ordinal: number;
    readonly amount: bigint;
    readonly contra: Contra;
    readonly priority: number;
    readonly expiresMs: number | null;
    readonly purchased?: boolean;
    readonly corrects?: number;
    readonly used?: bigint;
    readonly uses?: Posting['uses'];
    readonly terms?: Account['terms'];
    readonly timers?: Posting['timers'];
    readonly opened?: boolean;
  },
): Entry {
  const account = journal.find(accountId);
  const before = account?.balance ?? 0n;
  const number = (account?.seq ?? 0) + 1;
  const left =
    before >= 0n || account?.kind === 'metered'
      ? grant.amount
      : before + grant.amount > 0n
        ? before + grant.amount
        : 0n;
  const lot = {
    lot: number,
    granted: grant.amount,
    left,
    priority: grant.priority,
    expiresMs: grant.expiresMs,
    purchased: grant.purchased ?? false,
  };
  return journal.post(accountId, {
    kind: grant.kind,
    cause: grant.cause,
    ordinal: grant.ordinal,
    amount: grant.amount,
    contra: grant.contra,
    lot: { lot: number, left },
    lotRows: [lot],
    timers: [
      ...(grant.timers ?? []),
      ...(grant.expiresMs !== null && grant.expiresMs > journal.nowMs && left > 0n
        ? [{ dueMs: grant.expiresMs, kind: 'lot' as const, object: number }]
        : []),
    ],
    ...(grant.corrects === undefined ? {} : { corrects: grant.corrects }),
    ...(grant.used === undefined ? {} : { used: grant.used }),
    ...(grant.uses === undefined ? {} : { uses: grant.uses }),
    ...(grant.opened === undefined ? {} : { opened: grant.opened }),
    ...(grant.terms === undefined ? {} : { terms: grant.terms }),
  });
}
