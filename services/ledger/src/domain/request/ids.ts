import { AppError } from '@tollgate/kernel';

/** `h-<partition>-<account number>-<number of the opening entry in the account>`. */
export type HoldId = { readonly partition: number; readonly ref: number; readonly hold: number };
/** `<partition>-<partition_seq>`. */
export type EntryId = { readonly partition: number; readonly seq: number };

/** Numbers of accounts are 32-bit integers in the books: a larger one could not even be looked for. */
const refMax = 2 ** 31 - 1;

export const formatHoldId = (id: HoldId): string => `h-${id.partition}-${id.ref}-${id.hold}`;
export function parseHoldId(text: unknown): HoldId {
  const match = typeof text === 'string' ? /^h-([0-9]{1,5})-([0-9]{1,10})-([0-9]{1,15})$/.exec(text) : null;
  if (!match) throw new AppError('not_found', 'HOLD_UNKNOWN', 'there is no such hold');
  const id = { partition: Number(match[1]), ref: Number(match[2]), hold: Number(match[3]) };
  if (id.ref > refMax) throw new AppError('not_found', 'HOLD_UNKNOWN', 'there is no such hold');
  return id;
}
export const formatEntryId = (id: EntryId): string => `${id.partition}-${id.seq}`;
export function parseEntryId(text: unknown): EntryId {
  const match = typeof text === 'string' ? /^([0-9]{1,5})-([0-9]{1,15})$/.exec(text) : null;
  if (!match) throw new AppError('not_found', 'ENTRY_UNKNOWN', 'there is no such entry');
  return { partition: Number(match[1]), seq: Number(match[2]) };
}
