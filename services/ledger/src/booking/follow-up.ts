/** Work that follows a commit, off the hot path, for the marked partitions. Answers the partitions to try again. */
export type FollowUpWork = (partitions: readonly number[]) => Promise<readonly number[]>;

/**
 * Runs work for marked partitions a short time after the first mark, so that one run covers many commits. A partition
 * whose work failed is marked again; the work finds in the books what is left to do.
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

  /** Waits for the run under way and starts no other. */
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

/** Runs the work for each partition separately: a failure does not affect the others. */
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
