/**
 * Where an account lives (rule 4): our own hash of the first segment of its path, so that a family of accounts has one
 * writer. Number of partitions and `placementVersion` are stored with the books; a mismatch refuses to start.
 */
export const placementVersion = 1;

/** The part of an account id before the first slash: `acme` of `acme/team-a/user-7`. */
export function familyOf(accountId: string): string {
  const slash = accountId.indexOf('/');
  return slash === -1 ? accountId : accountId.slice(0, slash);
}

/**
 * The partition (0 … partitions − 1) of an account, from FNV-1a (32 bit, UTF-16 code units as two bytes) with a final
 * mix.
 */
export function partitionOf(accountId: string, partitions: number): number {
  const slash = accountId.indexOf('/');
  const end = slash === -1 ? accountId.length : slash;
  let hash = 0x811c9dc5;
  for (let index = 0; index < end; index++) {
    const unit = accountId.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % partitions;
}

/**
 * Whether an id is `.` or `..`, or has such a segment between its slashes. Clients and proxies resolve them in a path
 * (RFC 3986 §5.2.4), so that nothing with such an id could be addressed.
 */
export const hasDotSegment = (id: string): boolean =>
  id.includes('.') && id.split('/').some((segment) => segment === '.' || segment === '..');

/** The ancestors of a path, nearest first: `acme/team-a/user-7` → [`acme/team-a`, `acme`]. */
export function ancestorsOf(accountId: string): readonly string[] {
  const ancestors: string[] = [];
  for (let slash = accountId.lastIndexOf('/'); slash > 0; slash = accountId.lastIndexOf('/', slash - 1)) {
    ancestors.push(accountId.slice(0, slash));
  }
  return ancestors;
}
