/**
 * What follows a commit, behind the hot path, for the partitions that were marked; answers those to be taken up again.
 */
export type FollowUpWork = (partitions: readonly number[]) => Promise<readonly number[]>;

/**
 * Runs work for marked partitions, a short while after the first mark, so that many commits are followed up together.
 * Failed work is marked again: it reads from the books what is still to be done, so nothing is forgotten.
 */
export class FollowUp {
  readonly #marked = new Set<number>();
  readonly #work: FollowUpWork;
  readonly #delayMs: number;
  readonly #warn: (error: unknown) => void;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: {
    readonly work: FollowUpWork;
    readonly delayMs: number;
    readonly warn: (error: unknown) => void;
  }) {
    this.#work = options.work;
    this.#delayMs = options.delayMs;
    this.#warn = options.warn;
  }

  mark(partition: number): void {
    this.#marked.add(partition);
    this.#schedule(this.#delayMs);
  }

  /** Finishes what is running and starts nothing more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#running;
  }

  #schedule(delayMs: number): void {
    if (this.#timer || this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#run();
    }, delayMs);
  }

  async #run(): Promise<void> {
    const partitions = [...this.#marked];
    this.#marked.clear();
    let again: readonly number[] = [];
    try {
      again = await this.#work(partitions);
    } catch (error) {
      again = partitions;
      this.#warn(error);
    }
    for (const partition of again) this.#marked.add(partition);
    this.#timer = null;
    if (this.#marked.size > 0) this.#schedule(again.length > 0 ? 1_000 : this.#delayMs);
  }
}

/** The same work for each partition by itself; one that fails is taken up again, the others go on. */
export function eachPartition(
  work: (partition: number) => Promise<void>,
  warn: (error: unknown) => void,
): FollowUpWork {
  return async (partitions) => {
    const failed: number[] = [];
    for (const partition of partitions) {
      await work(partition).catch((error: unknown) => {
        failed.push(partition);
        warn(error);
      });
    }
    return failed;
  };
}
