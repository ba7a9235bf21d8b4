import { rest } from './rest.ts';

/**
 * Gathers items and hands them on together, a short while after the first. Batches never overlap; what comes meanwhile
 * is the next one.
 */
export class Gathered<T> {
  readonly #handOn: (items: readonly T[]) => Promise<void>;
  readonly #onFailure: (error: unknown, items: readonly T[]) => void;
  readonly #delayMs: number;
  #items: T[] = [];
  #waiting: AbortController | null = null;
  #handing: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly handOn: (items: readonly T[]) => Promise<void>;
    /** Hears of a batch that failed, which is not repeated by itself. */
    readonly onFailure: (error: unknown, items: readonly T[]) => void;
    readonly delayMs: number;
  }) {
    this.#handOn = options.handOn;
    this.#onFailure = options.onFailure;
    this.#delayMs = options.delayMs;
  }

  add(...items: readonly T[]): void {
    this.#items.push(...items);
    if (this.#items.length === 0 || this.#waiting !== null) return;
    const waiting = new AbortController();
    this.#waiting = waiting;
    void rest(this.#delayMs, waiting.signal, { ref: false }).then(() => {
      if (this.#waiting === waiting) void this.flush();
    });
  }

  /** Hands on what there is; resolves when that, and what was before it, has ended. */
  flush(): Promise<void> {
    this.#waiting?.abort();
    this.#waiting = null;
    const items = this.#items;
    this.#items = [];
    if (items.length > 0)
      this.#handing = this.#handing
        .then(() => this.#handOn(items))
        .catch((error: unknown) => this.#onFailure(error, items));
    return this.#handing;
  }
}
