type Follower = (userIds: readonly string[]) => Promise<void>;

/** Tells who waits for it that users can pay now, or differently. A repeat does no harm. */
export class PayerChanges {
  readonly #followers: Follower[] = [];

  follow(follower: Follower): void {
    this.#followers.push(follower);
  }

  /** Resolves when all have kept what follows from it. */
  async tell(userIds: readonly string[]): Promise<void> {
    for (const follower of this.#followers) await follower(userIds);
  }
}
