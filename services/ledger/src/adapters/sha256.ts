import { createHash, hash as hashOnce } from 'node:crypto';
import type { Hash } from '../domain/merkle.ts';

/** SHA-256 over the concatenation of its parts. */
export const sha256: Hash = (...parts) => {
  const [only] = parts;
  if (parts.length === 1 && only) return hashOnce('sha256', only, 'buffer');
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
