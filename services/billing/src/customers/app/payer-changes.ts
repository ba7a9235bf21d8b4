type Follower = (userIds: readonly string[]) => Promise<void>;

/** Notifies the capabilities that wait for users to be able to pay, or to pay differently. Repeats are harmless. */
export class PayerChanges {
  readonly #followers: Follower[] = [];

  follow(follower: Follower): void {
    this.#followers.push(follower);
  }

  /** Resolves once every follower has stored what follows. */
  async tell(userIds: readonly string[]): Promise<void> {
    for (const follower of this.#followers) await follower(userIds);
  }
}
