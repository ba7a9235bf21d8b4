import { hash } from 'node:crypto';

import type { Hash } from './domain/merkle.ts';

/** SHA-256, in one call. By way of a text of 32 characters: half the time of asking for bytes (Node 24). */
export const sha256: Hash = (bytes) => Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
