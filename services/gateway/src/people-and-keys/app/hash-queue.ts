import { AppError } from '@tollgate/kernel';

import { FairLine } from '../../shared/domain/fair-line.ts';

export type HashKind = 'login' | 'registration';

/** Each scrypt takes one of libuv's four threads for about 60 ms; two are left for files and DNS. */
const atOnce = 2;
/** Below the maximum, so that a login never waits for more than one hash. */
const registrationsAtOnce = 1;
const perAddressDefault = 64;
const inAllDefault = 1_000;

/**
 * Hashes a few passwords at a time: logins before registrations, addresses in turn. The queue is limited per address
 * and in total; further requests are refused.
 */
export class HashQueue {
  readonly #perAddress: number;
  readonly #inAll: number;
  readonly #lines = { login: new FairLine(), registration: new FairLine() };
  #running = 0;
  #registering = 0;

  constructor({
    perAddress = perAddressDefault,
    inAll = inAllDefault,
  }: { readonly perAddress?: number; readonly inAll?: number } = {}) {
    this.#perAddress = perAddress;
    this.#inAll = inAll;
  }

  /** @throws AppError('refused', RATE_LIMITED) when too many wait. */
  run<T>({ kind, address }: { readonly kind: HashKind; readonly address: string }, work: () => Promise<T>): Promise<T> {
    const line = this.#lines[kind];
    if (line.of(address) >= this.#perAddress || line.size >= this.#inAll) {
      return Promise.reject(
        new AppError('refused', 'RATE_LIMITED', 'too many passwords are being checked; try again in a second', {
          retry_after_s: 1,
        }),
      );
    }
    return new Promise<T>((resolve, reject) => {
      const start = async (): Promise<void> => {
        this.#count(kind, 1);
        await work().then(resolve, reject);
        this.#count(kind, -1);
        line.ended(address);
        this.#next();
      };
      line.add({ address, start });
      this.#next();
    });
  }

  #count(kind: HashKind, by: 1 | -1): void {
    this.#running += by;
    if (kind === 'registration') this.#registering += by;
  }

  #next(): void {
    while (this.#running < atOnce) {
      const job =
        this.#lines.login.take() ??
        (this.#registering < registrationsAtOnce ? this.#lines.registration.take() : undefined);
      if (job === undefined) return;
      void job.start();
    }
  }
}
