/** Work that waits, by address: addresses take turns, so that one with much of it keeps no other waiting. */
export type Job = { readonly address: string; readonly start: () => Promise<void> };

export class FairLine {
  /** How many wait or run. */
  size = 0;
  private readonly waiting = new Map<string, Job[]>();
  private readonly counts = new Map<string, number>();

  /** How many of an address wait or run. */
  of(address: string): number {
    return this.counts.get(address) ?? 0;
  }

  add(job: Job): void {
    this.size += 1;
    this.counts.set(job.address, this.of(job.address) + 1);
    const jobs = this.waiting.get(job.address);
    if (jobs === undefined) this.waiting.set(job.address, [job]);
    else jobs.push(job);
  }

  /** The next one to start; its address goes to the end. */
  take(): Job | undefined {
    const [first] = this.waiting;
    if (first === undefined) return undefined;
    const [address, jobs] = first;
    const job = jobs.shift();
    this.waiting.delete(address);
    if (jobs.length > 0) this.waiting.set(address, jobs);
    return job;
  }

  ended(address: string): void {
    this.size -= 1;
    const left = this.of(address) - 1;
    if (left > 0) this.counts.set(address, left);
    else this.counts.delete(address);
  }
}
