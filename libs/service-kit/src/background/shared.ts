/** Calls that come while one is under way share its outcome; the next call after it begins anew. */
export function sharedWhileUnderWay<T>(work: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | null = null;
  return () =>
    (underWay ??= work().finally(() => {
      underWay = null;
    }));
}

/** Opened by the first use and kept for the next ones; what could not be opened is tried again by the next use. */
export class OnFirstUse<T> {
  readonly #open: () => Promise<T>;
  readonly #close: (opened: T) => Promise<unknown>;
  #opened: Promise<T> | null = null;

  constructor(open: () => Promise<T>, close: (opened: T) => Promise<unknown> = () => Promise.resolve()) {
    this.#open = open;
    this.#close = close;
  }

  get(): Promise<T> {
    const opened = (this.#opened ??= this.#open());
    opened.catch(() => this.#forget(opened));
    return opened;
  }

  /**
   * What `work` makes of it; `bounded` may limit the time. After a failure it is closed, and the next use opens another
   * one.
   */
  async use<R>(
    work: (opened: T) => Promise<R>,
    bounded: (result: Promise<R>) => Promise<R> = (result) => result,
  ): Promise<R> {
    const opened = this.get();
    try {
      return await bounded(opened.then(work));
    } catch (error) {
      if (this.#forget(opened)) void this.#end(opened);
      throw error;
    }
  }

  /** Closes what is open, or being opened; a failure to close is of no interest. The next use opens another one. */
  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    if (opened !== null) await this.#end(opened);
  }

  async #end(opened: Promise<T>): Promise<void> {
    await opened.then(this.#close).catch(() => undefined);
  }

  /** False: something else was opened meanwhile. */
  #forget(opened: Promise<T>): boolean {
    if (this.#opened !== opened) return false;
    this.#opened = null;
    return true;
  }
}
