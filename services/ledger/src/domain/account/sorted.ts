/** The order of items, and a summary of several of them. */
export type SortedRules<T, S> = {
  /** Below 0: a first; 0: the same item. */
  readonly order: (a: T, b: T) => number;
  /** `items` is never empty. */
  readonly summary: (items: readonly T[]) => S;
};

export type Chunk<T, S> = { readonly items: readonly T[]; readonly summary: S };

/** A change copies one chunk and the list of chunks, so that both stay short up to some hundred thousand items. */
const chunkMax = 64;

/**
 * An immutable sorted list whose changes cost little however long it is: a change gives a new list that shares all but
 * one chunk with the old one. Each chunk has a summary, so that a search can pass over whole chunks.
 */
export class Sorted<T, S> implements Iterable<T> {
  readonly chunks: readonly Chunk<T, S>[];
  readonly #rules: SortedRules<T, S>;

  private constructor(rules: SortedRules<T, S>, chunks: readonly Chunk<T, S>[]) {
    this.#rules = rules;
    this.chunks = chunks;
  }

  /** @param items in any order, each once */
  static of<T, S>(rules: SortedRules<T, S>, items: Iterable<T> = []): Sorted<T, S> {
    const sorted = [...items].sort(rules.order);
    const chunks: Chunk<T, S>[] = [];
    for (let from = 0; from < sorted.length; from += chunkMax) {
      const part = sorted.slice(from, from + chunkMax);
      chunks.push({ items: part, summary: rules.summary(part) });
    }
    return new Sorted(rules, chunks);
  }

  get isEmpty(): boolean {
    return this.chunks.length === 0;
  }

  /** The item that is the same as `probe` in the list's order. */
  get(probe: T): T | undefined {
    const { items, at, found } = this.#locate(probe);
    return found ? items[at] : undefined;
  }

  /** The list with `item`, which takes the place of the same one. */
  with(item: T): Sorted<T, S> {
    const { chunk, items, at, found } = this.#locate(item);
    const next = items.slice();
    if (found) next[at] = item;
    else next.splice(at, 0, item);
    return this.#replaced(chunk, next);
  }

  /**
   * The list with `item` at a known place: it is the same in the list's order, and what its chunk's summary says stays
   * true.
   */
  withAt(chunk: number, at: number, item: T): Sorted<T, S> {
    const { items = [], summary } = this.chunks[chunk] ?? {};
    const next = items.slice();
    next[at] = item;
    const chunks = this.chunks.slice();
    chunks[chunk] = { items: next, summary: summary as S };
    return new Sorted(this.#rules, chunks);
  }

  without(probe: T): Sorted<T, S> {
    const { chunk, items, at, found } = this.#locate(probe);
    if (!found) return this;
    const next = items.slice();
    next.splice(at, 1);
    return this.#replaced(chunk, next);
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const { items } of this.chunks) yield* items;
  }

  /** The chunk that has `probe` or would take it, and the place in it. */
  #locate(probe: T): {
    readonly chunk: number;
    readonly items: readonly T[];
    readonly at: number;
    readonly found: boolean;
  } {
    const { order } = this.#rules;
    const last = this.chunks.length - 1;
    const chunk = Math.max(
      0,
      firstNotBefore(this.chunks, last, ({ items }) => order(items[items.length - 1] as T, probe)),
    );
    const items = this.chunks[chunk]?.items ?? [];
    const at = firstNotBefore(items, items.length, (item) => order(item, probe));
    return { chunk, items, at, found: at < items.length && order(items[at] as T, probe) === 0 };
  }

  #replaced(index: number, items: readonly T[]): Sorted<T, S> {
    const chunks = this.chunks.slice();
    const [before, after] = [chunks[index - 1]?.items, chunks[index + 1]?.items];
    const fits = (other: readonly T[] | undefined): other is readonly T[] =>
      other !== undefined && items.length + other.length <= chunkMax / 2;
    let [from, count, parts] = [index, 1, halved(items)];
    if (fits(before)) [from, count, parts] = [index - 1, 2, [[...before, ...items]]];
    else if (fits(after)) [count, parts] = [2, [[...items, ...after]]];
    chunks.splice(from, count, ...parts.map((part) => ({ items: part, summary: this.#rules.summary(part) })));
    return new Sorted(this.#rules, chunks);
  }
}

/** In two parts when there are too many for a chunk. */
function halved<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length === 0) return [];
  const half = items.length >> 1;
  return items.length <= chunkMax ? [items] : [items.slice(0, half), items.slice(half)];
}

/** Index of the first item that does not come before what is looked for; `end` when all do. */
function firstNotBefore<T>(items: readonly T[], end: number, compare: (item: T) => number): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(items[middle] as T) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
