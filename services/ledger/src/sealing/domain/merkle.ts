/** A hash function over bytes, or over the UTF-8 of a text; SHA-256 in the books. */
export type Hash = (bytes: Uint8Array | string) => Buffer;

/** RFC 6962 §2.1: the hash of a leaf, SHA-256(0x00 ‖ leaf); NUL is one zero byte in UTF-8. */
export const leafHash = (hash: Hash, leaf: string): Buffer => hash(`\u0000${leaf}`);

const nodeBytes = Buffer.alloc(65, 1);
/** RFC 6962 §2.1: SHA-256(0x01 ‖ left ‖ right). */
function nodeHash(hash: Hash, left: Uint8Array, right: Uint8Array): Buffer {
  nodeBytes.set(left, 1);
  nodeBytes.set(right, 33);
  return hash(nodeBytes);
}

/** RFC 6962 §2.1: the Merkle tree hash of leaf hashes, at least one. */
export function merkleRoot(hash: Hash, leaves: readonly Buffer[]): Buffer {
  let level = leaves;
  // Pairing neighbours and carrying an odd last node up gives the same tree as splitting at the largest power of two.
  while (level.length > 1) level = parents(hash, level);
  const [root] = level;
  if (!root) throw new RangeError('a Merkle tree has at least one leaf');
  return root;
}

/** RFC 6962 §2.1.1: the audit path of a leaf, from its sibling up. */
export const merklePath = (hash: Hash, leaves: readonly Buffer[], index: number): readonly Buffer[] =>
  pathIn(merkleLevels(hash, leaves), index);

/** The tree, from its leaves up, for paths of many of them. */
export function merkleLevels(hash: Hash, leaves: readonly Buffer[]): readonly (readonly Buffer[])[] {
  const levels = [leaves];
  for (let level = leaves; level.length > 1; levels.push(level)) level = parents(hash, level);
  return levels;
}

export const pathIn = (levels: readonly (readonly Buffer[])[], index: number): readonly Buffer[] =>
  levels.flatMap((level, height) => {
    const position = Math.floor(index / 2 ** height);
    const sibling = level.length > 1 ? level[position % 2 === 0 ? position + 1 : position - 1] : undefined;
    return sibling ? [sibling] : [];
  });

/** The root that a leaf and its path give (RFC 9162 §2.1.3.2); undefined when the path cannot belong to such a tree. */
export function rootOf(
  hash: Hash,
  proof: { readonly leafHash: Buffer; readonly index: number; readonly size: number; readonly path: readonly Buffer[] },
): Buffer | undefined {
  let { index } = proof;
  let last = proof.size - 1;
  if (index < 0 || index > last) return undefined;
  let root = proof.leafHash;
  for (const sibling of proof.path) {
    if (last === 0) return undefined;
    if (index % 2 === 1 || index === last) {
      root = nodeHash(hash, sibling, root);
      while (index % 2 === 0 && index !== 0) {
        index = Math.floor(index / 2);
        last = Math.floor(last / 2);
      }
    } else {
      root = nodeHash(hash, root, sibling);
    }
    index = Math.floor(index / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? root : undefined;
}

function parents(hash: Hash, level: readonly Buffer[]): readonly Buffer[] {
  const above: Buffer[] = [];
  for (let index = 0; index < level.length; index += 2) {
    const [left, right] = [level[index], level[index + 1]];
    if (left) above.push(right ? nodeHash(hash, left, right) : left);
  }
  return above;
}
