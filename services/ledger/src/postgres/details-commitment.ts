import { createHash } from 'node:crypto';

import { canonicalJson } from '@tollgate/kernel';

import type { Entry } from '../domain/entry.ts';

/** What a leaf commits to instead of the words beside an entry: SHA-256(salt ‖ canonical JSON) (rule 29). */
export const commitmentOf = (saltHex: string, content: string): Buffer =>
  createHash('sha256').update(Buffer.from(saltHex, 'hex')).update(content, 'utf8').digest();

/** The commitment to the words beside an entry, in hex; null when there are none. */
export function commitmentHexOf({ details }: Entry): string | null {
  if (!details) return null;
  const { salt, ...words } = details;
  return commitmentOf(salt, canonicalJson(words)).toString('hex');
}
