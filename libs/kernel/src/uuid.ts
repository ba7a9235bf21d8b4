import { createHash } from 'node:crypto';

/**
 * A UUID made of a namespace (a UUID) and a name, after RFC 9562 §5.5 (version 5, SHA-1): the same name, the same UUID.
 */
export const uuidV5 = (namespace: string, name: string): string => named('sha1', 5, namespace, name);

/** As version 5 with MD5 (RFC 9562 §5.3), for ids that SQL makes too: PostgreSQL has no SHA-1. */
export const uuidV3 = (namespace: string, name: string): string => named('md5', 3, namespace, name);

function named(algorithm: 'sha1' | 'md5', version: number, namespace: string, name: string): string {
  const digest = createHash(algorithm)
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name, 'utf8')
    .digest();
  const bytes = Buffer.from(digest.subarray(0, 16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (version << 4);
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
