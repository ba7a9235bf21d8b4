import { AppError } from '@tollgate/kernel';

import { fingerprint } from '../../people-and-keys/app/access.ts';
import { FairLine } from '../../shared/domain/fair-line.ts';

/** Maximum of concurrent uploads. Each may hold a file of 20 MB at the optimizer before anything is charged. */
const uploadsMax = 256;
const perAddress = 96;
const perToken = 64;
/** Limits for uploads without a token in the header, which leave most slots to others. */
const unnamedMax = 64;
const unnamedPerAddress = 16;
/** Concurrent inspections: the optimizer does one at a time while the next one is on its way. */
const inspectionsAtOnce = 2;

const busy = (what: string): AppError =>
  new AppError('refused', 'RATE_LIMITED', `too many uploads at once ${what}; try again`, { retry_after_s: 1 });

/** Limits concurrent uploads: in total, per address, and per token. */
export class UploadSlots {
  readonly #counts = new Map<string, number>();
  readonly #line = new FairLine();
  #inspecting = 0;

  /**
   * Takes a slot. The function returned frees it.
   * @throws AppError('refused', RATE_LIMITED) if the address or the token has too many uploads, AppError('unavailable',
   * OPTIMIZER_UNAVAILABLE) if there are too many in total.
   */
  enter({ address, token }: { readonly address: string; readonly token: string | null }): () => void {
    const names = [
      'all',
      `address ${address}`,
      ...(token === null ? ['unnamed', `unnamed ${address}`] : [`token ${fingerprint(token)}`]),
    ];
    if (this.#of(`address ${address}`) >= perAddress) throw busy('from this address');
    if (token === null && this.#of(`unnamed ${address}`) >= unnamedPerAddress)
      throw busy('from this address without X-Token');
    if (token !== null && this.#of(`token ${fingerprint(token)}`) >= perToken) throw busy('with this token');
    if (this.#of('all') >= uploadsMax || (token === null && this.#of('unnamed') >= unnamedMax)) {
      throw new AppError('unavailable', 'OPTIMIZER_UNAVAILABLE', 'too many uploads at once; try again');
    }
    for (const name of names) this.#counts.set(name, this.#of(name) + 1);
    return () => {
      for (const name of names) {
        const left = this.#of(name) - 1;
        if (left > 0) this.#counts.set(name, left);
        else this.#counts.delete(name);
      }
    };
  }

  /** Runs an inspection. Addresses take turns. */
  inspect<T>(address: string, work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const start = async (): Promise<void> => {
        await work().then(resolve, reject);
        this.#inspecting -= 1;
        this.#line.ended(address);
        this.#next();
      };
      this.#line.add({ address, start });
      this.#next();
    });
  }

  #of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  #next(): void {
    while (this.#inspecting < inspectionsAtOnce) {
      const job = this.#line.take();
      if (job === undefined) return;
      this.#inspecting += 1;
      void job.start();
    }
  }
}
