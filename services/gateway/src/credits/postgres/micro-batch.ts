import pg from 'pg';

type Waiting<T, R> = {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Joins what many callers write at the same time: what comes while a statement is under way goes with the next one, so
 * that a lone caller waits for nobody and many share a commit. Each caller hears of its own item: a statement that was
 * refused is repeated item by item, so that a bad one harms no other.
 */
export class MicroBatch<T, R> {
  private waiting: Waiting<T, R>[] = [];
  private running = false;
  private readonly run: (items: readonly T[]) => Promise<readonly R[]>;
  private readonly same: (item: T) => string;
  private readonly max: number;

  /**
   * @param options.run one statement: a result an item, in their order
   * @param options.same items of one name never share a statement
   */
  constructor(options: {
    readonly run: (items: readonly T[]) => Promise<readonly R[]>;
    readonly same: (item: T) => string;
    readonly max: number;
  }) {
    this.run = options.run;
    this.same = options.same;
    this.max = options.max;
  }

  add(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (!this.running) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) await this.send(this.next());
    this.running = false;
  }

  private next(): readonly Waiting<T, R>[] {
    const names = new Set<string>();
    const batch: Waiting<T, R>[] = [];
    const later: Waiting<T, R>[] = [];
    for (const one of this.waiting) {
      const name = this.same(one.item);
      if (batch.length < this.max && !names.has(name)) batch.push(one);
      else later.push(one);
      names.add(name);
    }
    this.waiting = later;
    return batch;
  }

  private async send(batch: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.run(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as R);
    } catch (error) {
      if (batch.length > 1 && isRefusal(error)) for (const one of batch) await this.send([one]);
      else for (const { reject } of batch) reject(error);
    }
  }
}

/** The statement had no effect, and the connection lives. */
const isRefusal = (error: unknown): boolean => error instanceof pg.DatabaseError && error.severity === 'ERROR';
