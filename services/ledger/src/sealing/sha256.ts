import { hash } from 'node:crypto';

import type { Hash } from './domain/merkle.ts';

/** SHA-256 in one call. Encoding the digest as a text of 32 characters takes half the time of a buffer (Node 24). */
export const sha256: Hash = (bytes) => Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
