import type { describe as Describe, it as It } from '@jest/globals';

import type { SharedPart } from './test-run.ts';
import { inCi, notRun, sharedServer } from './test-run.ts';

/**
 * The reason that the run's server is missing, or undefined when it runs. Ask at the top of a spec file (`await`),
 * before `describe`: `describeWith('kafka', await whyNot('kafka'), 'Kafka adapter', () => …)`.
 */
export async function whyNot(part: SharedPart): Promise<string | undefined> {
  try {
    await sharedServer(part);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `describe` for specs that need a server: without it they are skipped by name, and fail in CI. */
export function describeWith(part: SharedPart, missing: string | undefined, name: string, specs: () => void): void {
  // Jest's own globals, taken when used: benches and black-box drivers import this library outside jest.
  const { describe, it } = globalThis as unknown as { readonly describe: typeof Describe; readonly it: typeof It };
  if (missing === undefined) return void describe(name, specs);
  if (inCi()) return void describe(name, () => it(`needs a real ${part}`, () => notRun(name, missing)));
  notRun(name, missing);
  describe.skip(name, specs);
}
