import type { Account } from '../account/account.ts';
import type { Lot, LotRow } from '../account/lot.ts';
import type { Entry } from '../entry.ts';
import type { Journal } from '../journal.ts';
import type { Grant, Posting } from './posting.ts';

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

/** Units to be added: what the posting says of them, and the terms of their lot. */
export type NewLot = Omit<Grant, 'lot' | 'lotRows' | 'timers'> & {
  readonly priority: number;
  readonly expiresMs: number | null;
  readonly purchased?: boolean;
  readonly timers?: NonNullable<Posting['timers']>;
};

/**
 * Adds units as a new lot. Units that fill a negative balance are used at once: the lot keeps what is above zero.
 * A lot that will expire sets its timer; one whose time has come is the caller's to expire.
 */
export function postGrant(journal: Journal, accountId: string, grant: NewLot): Entry {
  const { priority, expiresMs, purchased = false, timers = [], ...posting } = grant;
  const { balance, kind, seq } = journal.account(accountId);
  const filled = balance + grant.amount;
  const left = balance >= 0n || kind === 'metered' ? grant.amount : filled > 0n ? filled : 0n;
  const lot = seq + 1;
  const expires = expiresMs !== null && expiresMs > journal.nowMs && left > 0n;
  return journal.post(accountId, {
    ...posting,
    lot: { lot, left },
    lotRows: [{ lot, granted: grant.amount, left, priority, expiresMs, purchased }],
    timers: expires ? [...timers, { dueMs: expiresMs, kind: 'lot' as const, object: lot }] : timers,
  });
}
