import { randomUUID } from 'node:crypto';

import type { CallOptions, Http } from './http.ts';
import type { Outbox } from './outbox.ts';

export type TokenStart = {
  readonly user_id: string;
  readonly feature_endpoint_id: string;
  /** Reserves so many tokens until the end; without it the start reserves nothing. */
  readonly estimate?: number | undefined;
};
export type TokenStarted = {
  readonly success: boolean;
  readonly message: string;
  readonly data: {
    readonly user_id: string;
    readonly token: number;
    readonly status: 'accessible' | 'not-accessible';
    readonly message?: string;
    readonly hold_id?: string;
  };
};
export type TokenEnd = {
  readonly user_id: string;
  readonly feature_endpoint_id: string;
  /** What the model read and wrote: whole numbers ≥ 0. */
  readonly input_token: number;
  readonly output_token: number;
  readonly model?: string | undefined;
  readonly hold_id?: string | undefined;
};
export type TokenEnded = {
  readonly success: boolean;
  readonly message: string;
  readonly data: {
    readonly user_id: string;
    readonly token: number;
    readonly cost: number;
    readonly status: 'returnable' | 'not-returnable';
    readonly message?: string;
  };
};

/** What a wrapped service tells of itself; further members are the caller's. */
export type ServiceResult = {
  readonly input_token?: number;
  readonly output_token?: number;
  readonly model?: string | undefined;
};

export type TokenProcessOptions<Args extends readonly unknown[]> = {
  readonly feature_endpoint_id: string | ((args: Args) => string);
  /** From the array of the call's arguments, or the id itself. */
  readonly user_id: string | ((args: Args) => string);
  readonly estimate?: number | ((args: Args) => number | undefined) | undefined;
};

/** The user may not use the feature now: the service was not called, nothing was booked. */
export class NotAccessibleError extends Error {
  override readonly name = 'NotAccessibleError';
  /** The user's balance. */
  readonly token: number;
  readonly user_id: string;
  constructor({ user_id, token, message }: TokenStarted['data']) {
    super(message ?? 'Insufficient tokens');
    this.user_id = user_id;
    this.token = token;
  }
}

/** A wrapper's result waits so long for its end to be booked; then it is booked behind the caller's back. */
const endWaitMs = 1_000;
const endPath = '/api/token-process/end';

/** Start, end, and the wrapper around a service (surfaces §2). */
export class TokenProcess {
  readonly #http: Http;
  readonly #outbox: Outbox;
  constructor(http: Http, outbox: Outbox) {
    this.#http = http;
    this.#outbox = outbox;
  }

  /** Whether the user may go on: look at `data.status`. Rejects only when the platform cannot say. */
  async start(start: TokenStart, options: CallOptions = {}): Promise<TokenStarted> {
    return (
      await this.#http.send<TokenStarted>({ ...options, method: 'POST', path: '/api/token-process/start', body: start })
    ).body;
  }

  /**
   * Books what was used. @throws TollgateError as every direct call; `withTokenProcess` keeps and repeats what fails.
   */
  async end(end: TokenEnd, options: CallOptions = {}): Promise<TokenEnded> {
    return (await this.#http.send<TokenEnded>({ ...options, method: 'POST', path: endPath, body: end })).body;
  }

  /**
   * Wraps a service: asks before, books after. A failing end never blocks the result and is not lost: it is on disk
   * before the result is returned, and sent again under its key. Nothing is booked when the service throws, or used no
   * tokens. The wrapper throws NotAccessibleError when the user may not go on.
   */
  wrap<Args extends readonly unknown[], Result extends ServiceResult>(
    options: TokenProcessOptions<Args>,
    service: (...args: Args) => Result | Promise<Result>,
  ): (...args: Args) => Promise<Result> {
    return async (...args) => {
      const of = <Value>(given: Value | ((args: Args) => Value)): Value =>
        typeof given === 'function' ? (given as (args: Args) => Value)(args) : given;
      const who = { user_id: of(options.user_id), feature_endpoint_id: of(options.feature_endpoint_id) };
      const estimate = of(options.estimate);
      const { data } = await this.start({ ...who, ...(estimate === undefined ? {} : { estimate }) });
      if (data.status !== 'accessible') throw new NotAccessibleError(data);
      const result = await service(...args);
      // Whatever a service says of itself, its result is the caller's: members that are missing or null count as in the
      // document.
      const used = (result ?? {}) as ServiceResult;
      const [input_token, output_token] = [used.input_token || 0, used.output_token || 0];
      if (input_token > 0 || output_token > 0) {
        await this.#keepEnd({
          ...who,
          input_token,
          output_token,
          ...(used.model ? { model: used.model } : {}),
          ...(data.hold_id === undefined ? {} : { hold_id: data.hold_id }),
        });
      }
      return result;
    };
  }

  /** The outbox has told of what is wrong; the user got the service. */
  async #keepEnd(end: TokenEnd): Promise<void> {
    await this.#outbox
      .deliver({ id: randomUUID(), path: endPath, body: end }, endWaitMs, { unkept: 'go on' })
      .catch(() => undefined);
  }
}
