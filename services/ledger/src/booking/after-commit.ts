import type { PartitionCommit } from './ports.ts';

export type CommitListener = {
  readonly committed: (commits: readonly PartitionCommit[]) => void;
  /** A partition was taken over: what its last owner committed and did not follow up is found in the books. */
  readonly claimed: (partition: number) => void;
};

/** Tells the capabilities that follow the books what was committed. */
export class AfterCommit {
  readonly #listeners: CommitListener[] = [];

  listen(listener: CommitListener): void {
    this.#listeners.push(listener);
  }

  committed(commits: readonly PartitionCommit[]): void {
    for (const listener of this.#listeners) listener.committed(commits);
  }

  claimed(partition: number): void {
    for (const listener of this.#listeners) listener.claimed(partition);
  }
}
