import pg from 'pg';

type Waiting<T, R> = {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Combines concurrent writes into one statement. Writes that arrive while a statement is running go into the next one,
 * so a single caller never waits for a batch to fill and many callers share a commit. If PostgreSQL refuses a
 * statement, its items are repeated one by one, so that a bad item fails alone.
 */
export class MicroBatch<T, R> {
  #waiting: Waiting<T, R>[] = [];
  #running = false;
  readonly #run: (items: readonly T[]) => Promise<readonly R[]>;
  readonly #same: (item: T) => string;
  readonly #max: number;

  /**
   * @param options.run executes one statement and answers a result per item, in order.
   * @param options.same items with the same name never share a statement.
   */
  constructor(options: {
    readonly run: (items: readonly T[]) => Promise<readonly R[]>;
    readonly same: (item: T) => string;
    readonly max: number;
  }) {
    this.#run = options.run;
    this.#same = options.same;
    this.#max = options.max;
  }

  add(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) await this.#send(this.#next());
    this.#running = false;
  }

  #next(): readonly Waiting<T, R>[] {
    const names = new Set<string>();
    const batch: Waiting<T, R>[] = [];
    const later: Waiting<T, R>[] = [];
    for (const one of this.#waiting) {
      const name = this.#same(one.item);
      if (batch.length < this.#max && !names.has(name)) batch.push(one);
      else later.push(one);
      names.add(name);
    }
    this.#waiting = later;
    return batch;
  }

  async #send(batch: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.#run(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as R);
    } catch (error) {
      if (batch.length > 1 && isRefusal(error)) for (const one of batch) await this.#send([one]);
      else for (const { reject } of batch) reject(error);
    }
  }
}

/** PostgreSQL refused the statement, and the connection is intact. */
const isRefusal = (error: unknown): boolean => error instanceof pg.DatabaseError && error.severity === 'ERROR';
