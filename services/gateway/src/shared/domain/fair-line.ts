/** A queue of jobs by address. Addresses take turns, so that one with many jobs does not delay the others. */
export type Job = { readonly address: string; readonly start: () => Promise<void> };

export class FairLine {
  /** Jobs that wait or run. */
  size = 0;
  readonly #waiting = new Map<string, Job[]>();
  readonly #counts = new Map<string, number>();

  /** Jobs of an address that wait or run. */
  of(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  add(job: Job): void {
    this.size += 1;
    this.#counts.set(job.address, this.of(job.address) + 1);
    const jobs = this.#waiting.get(job.address);
    if (jobs === undefined) this.#waiting.set(job.address, [job]);
    else jobs.push(job);
  }

  /** The next job. Its address moves to the end. */
  take(): Job | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const [address, jobs] = first;
    const job = jobs.shift();
    this.#waiting.delete(address);
    if (jobs.length > 0) this.#waiting.set(address, jobs);
    return job;
  }

  ended(address: string): void {
    this.size -= 1;
    const left = this.of(address) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
  }
}
