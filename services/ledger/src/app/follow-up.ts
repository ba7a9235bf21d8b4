/** What follows a commit, behind the hot path: one kind of work for each partition that was marked, at most once at a time. */
export type FollowUpWork = (partition: number) => Promise<void>;

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

  constructor(options: { readonly work: FollowUpWork; readonly delayMs: number; readonly warn: (error: unknown) => void }) {
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
    let failed = false;
    for (const partition of partitions) {
      if (this.#stopped) break;
      try {
        await this.#work(partition);
      } catch (error) {
        failed = true;
        this.#marked.add(partition);
        this.#warn(error);
      }
    }
    this.#timer = null;
    if (this.#marked.size > 0) this.#schedule(failed ? 1_000 : this.#delayMs);
  }
}
