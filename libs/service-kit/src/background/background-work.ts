import type { Loop } from './loop.ts';

/**
 * The loops of one process by name. They are added while the process is put together, started at once, and woken by
 * name, so that what produces work and what does it need not know each other.
 */
export class BackgroundWork<Name extends string> {
  readonly #added: { readonly name: Name; readonly start: () => Loop; readonly stopLast: boolean }[] = [];
  readonly #running = new Map<Name, { readonly loop: Loop; readonly stopLast: boolean }>();

  /** `stopLast`: it is stopped after the others, because it passes on what they still do. */
  add(name: Name, start: () => Loop, { stopLast = false }: { readonly stopLast?: boolean } = {}): void {
    this.#added.push({ name, start, stopLast });
  }

  start(): void {
    for (const { name, start, stopLast } of this.#added.splice(0)) this.#running.set(name, { loop: start(), stopLast });
  }

  /** The next round begins at once. Without effect where this work is not done here, or not yet. */
  wake(name: Name): void {
    this.#running.get(name)?.loop.wake();
  }

  /** Resolves when the rounds under way have ended. */
  async stop(): Promise<void> {
    const running = [...this.#running.values()];
    for (const last of [false, true])
      await Promise.all(running.filter(({ stopLast }) => stopLast === last).map(({ loop }) => loop.stop()));
    this.#running.clear();
  }
}
