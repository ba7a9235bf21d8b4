import type { EntryView } from '@tollgate/contracts';

import type { Principal } from '../../people-and-keys/app/access.ts';

/**
 * An entry as a caller may see it: who acted, and from where, is for server keys and administrators, and for the actor.
 */
export function shownEntry(principal: Principal, entry: EntryView): EntryView {
  if (principal.type === 'server' || principal.admin || entry.details === undefined) return entry;
  const { actor, address: _, ...words } = entry.details;
  return { ...entry, details: actor === principal.userId ? { actor, ...words } : words };
}
