import { hasAtMost, hasDotSegment, isStorableText } from '@tollgate/kernel';

/** Maximum length of an account id in characters. With 4 bytes each it still fits a PostgreSQL index. */
export const accountIdMax = 512;
/** Maximum length of a segment that a client chooses. */
export const segmentMax = 128;

/** Prefixes of surface accounts. An escaped client id may make such a segment longer than `segmentMax`. */
const reserved = /^(licence|wallet|quota|credits|metered):/u;
const control = /[\u0000-\u001f\u007f-\u009f]/u;

/** Why `id` is not a valid account id; null if it is. Any script is allowed, control characters are not. */
export function accountIdFault(id: string): string | null {
  if (id.length === 0 || !hasAtMost(accountIdMax, id)) return `an account id has 1 to ${accountIdMax} characters`;
  if (control.test(id) || !isStorableText(id))
    return 'an account id has no control characters and no broken surrogates';
  if (hasDotSegment(id)) return 'an account id has no segment "." or "..": paths cannot hold them';
  for (const segment of id.split('/')) {
    if (segment.length === 0) return 'an account id has no empty segment between its slashes';
    if (!hasAtMost(segmentMax, segment) && !reserved.test(segment)) {
      return `a segment of an account id has at most ${segmentMax} characters`;
    }
  }
  return null;
}

/** The account of a client's id on a surface. `/` and `%` in the id are percent-encoded (surfaces §0.9). */
export function surfaceAccount(prefix: 'licence' | 'wallet' | 'quota' | 'credits' | 'metered', id: string): string {
  return `${prefix}:${id.replaceAll('%', '%25').replaceAll('/', '%2F')}`;
}

/** The same rules as the ledger's, so that invalid ids never reach the log. */
const entryId = /^([0-9]{1,4})-([0-9]{1,15})$/;
const holdId = /^h-([0-9]{1,4})-([0-9]{1,10})-[0-9]{1,15}$/;
const accountNumberMax = 2 ** 31 - 1;

/** The partition that an entry id (`<partition>-<seq>`) names, or null when it is no such id. */
export function partitionOfEntry(id: string, partitions: number): number | null {
  return partitionIn(entryId.exec(id), partitions);
}

/** The partition that a hold id (`h-<partition>-<account ref>-<seq>`) names, or null when it is no such id. */
export function partitionOfHold(id: string, partitions: number): number | null {
  const match = holdId.exec(id);
  return Number(match?.[2] ?? 0) > accountNumberMax ? null : partitionIn(match, partitions);
}

function partitionIn(match: RegExpExecArray | null, partitions: number): number | null {
  if (match === null) return null;
  const partition = Number(match[1]);
  return partition < partitions ? partition : null;
}

/** Accounts of the surfaces under a user's own id; licence keys are found by their owner. */
export const surfacesOf = (user: string): readonly string[] =>
  (['wallet', 'credits', 'metered'] as const).map((prefix) => surfaceAccount(prefix, user));
