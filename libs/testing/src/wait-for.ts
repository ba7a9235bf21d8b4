/** Not false, null or undefined: what a condition answers when it holds. */
type Held<T> = Exclude<T, false | null | undefined>;

const pollMs = 10;

/**
 * Waits until `condition` holds and answers its value. Tests never sleep: they wait for what they need, by name.
 * A condition that throws counts as not held; its last error is part of the message.
 * @param what what is waited for, in domain words: the message of the time-out.
 */
export async function waitFor<T>(what: string, condition: () => T | Promise<T>, timeoutMs = 10_000): Promise<Held<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let last = '';
    try {
      const value = await condition();
      if (value !== false && value !== null && value !== undefined) return value as Held<T>;
    } catch (error) {
      last = ` (last error: ${error instanceof Error ? error.message : String(error)})`;
    }
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}${last}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
