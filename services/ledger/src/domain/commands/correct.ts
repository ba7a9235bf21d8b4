import type { Account } from '../account/account.ts';
import { goodwillOf } from '../account/account.ts';
import { existing } from '../account/status.ts';
import type { Outcome } from '../decision.ts';
import { Refusal } from '../decision.ts';
import type { Entry, EntryKind } from '../entry.ts';
import type { Journal } from '../journal.ts';
import type { Past } from '../past.ts';
import { booked } from '../posting/close.ts';
import { giveBackUsage, openLot, takeBackGrant } from '../posting/give-back.ts';
import type { CommandOf, Request } from '../request/request.ts';
import type { Target, Targets } from '../target.ts';
import { leftOf } from '../target.ts';

const correctable = new Set<EntryKind>(['spent', 'settled', 'granted', 'adjusted', 'reset']);

/**
 * A mistake is corrected by another entry that names the first; usage is given back, a grant is taken back. The entry
 * that a spend was answered with stands for all of it, whatever lots it burned; each further entry of it for its own
 * part.
 */
export function decideCorrect(
  journal: Journal,
  { cause }: Request,
  command: CommandOf<'correct'>,
  { targets }: Past,
): Outcome {
  const target = targets.entry(command.entry.seq);
  if (!target || command.entry.partition !== journal.partition)
    return new Refusal('ENTRY_UNKNOWN', 'there is no such entry');
  const account = existing(journal, target.account);
  if (account instanceof Refusal) return account;
  if (!correctable.has(target.kind) || target.amount === 0n)
    return notCorrectable(`an entry of kind ${target.kind} moves nothing that can be given back`);
  const pieces = piecesOf(target, targets);
  let left = 0n;
  for (const piece of pieces) left += leftOf(piece);
  const amount = command.amount ?? left;
  if (left === 0n) return notCorrectable('the entry was given back completely before');
  if (amount > left) return notCorrectable(`${left} of the entry are left to give back`);
  const spent = target.amount > 0n ? spentGrantRefusal(account, target, amount) : null;
  if (spent) return spent;
  const post = target.amount > 0n ? takeBackGrant : giveBackUsage;
  const entries: Entry[] = [];
  let rest = amount;
  for (const piece of pieces) {
    const back = leftOf(piece) < rest ? leftOf(piece) : rest;
    if (back > 0n)
      entries.push(post(journal, { target: piece, amount: back, kind: 'corrected', cause, ordinal: entries.length }));
    rest -= back;
  }
  return booked(journal, entries);
}

const notCorrectable = (detail: string): Refusal => new Refusal('ENTRY_NOT_CORRECTABLE', detail);

/** The entries that a correction of one gives back: the first of a use stands for all of the request's. */
const piecesOf = (target: Target, targets: Targets): readonly Target[] =>
  target.amount < 0n && target.ordinal === 0
    ? targets
        .request(target.account, target.source, target.requestId)
        .filter(({ kind, amount }) => kind === target.kind && amount < 0n)
    : [target];

function spentGrantRefusal(account: Readonly<Account>, target: Target, amount: bigint): Refusal | null {
  const lot = openLot(account, target);
  const free = account.kind === 'metered' ? goodwillOf(account) : account.balance - account.held;
  if (lot && lot.left >= amount && free >= amount) return null;
  return notCorrectable(`${lot && lot.left < free ? lot.left : free} units of the grant are left`);
}
