import { ClientTCP } from '@nestjs/microservices';
import { AppError, type ErrorCode } from '@tollgate/kernel';
import { lastValueFrom, timeout } from 'rxjs';
import type { Address } from './address.ts';
import { seal, uncarry, unseal, type QueryResult } from './query-message.ts';
import type { QuerySet } from './query-server.ts';

export type QueryClient<Queries> = { readonly queries: Queries; close(): Promise<void> };

type Options<Queries> = {
  /** Instances that answer alike; asked in turn, the next one where one cannot be reached. */
  readonly addresses: readonly Address[];
  readonly secret: string;
  readonly names: readonly (keyof Queries & string)[];
  readonly pattern: (name: keyof Queries & string) => string;
  /** The code of AppError('unavailable') when nobody answers. */
  readonly unavailable: ErrorCode;
  /** Default 2,000. A query is given up on after this time; it may still be carried out. */
  readonly timeoutMs?: number;
  /** Time-outs of single queries that take longer. */
  readonly timeoutsMs?: { readonly [Name in keyof Queries]?: number };
};

/**
 * The other end of `serveQueries`: rejects with the AppError of the service, or `unavailable` when there is no answer.
 * Connects on first use and again after a loss.
 */
export function createQueryClient<Queries extends QuerySet<Queries>>(options: Options<Queries>): QueryClient<Queries> {
  const peers = options.addresses.map((address) => new Peer(address));
  let turn = 0;

  const ask = async (name: keyof Queries & string, query: unknown): Promise<unknown> => {
    const timeoutMs = options.timeoutsMs?.[name] ?? options.timeoutMs ?? 2_000;
    const pattern = options.pattern(name);
    const first = turn++;
    let lost: unknown;
    for (let tried = 0; tried < peers.length; tried++) {
      const question = seal(options.secret, pattern, query);
      const answer = await peers[(first + tried) % peers.length]?.ask(pattern, question, timeoutMs).catch((error: unknown) => {
        lost = error;
        return undefined;
      });
      if (answer === undefined) continue;
      const opened = unseal(options.secret, question.mac, answer);
      if (opened === undefined) throw unavailable(options.unavailable, name, 'the answer is not sealed with our SERVICE_SECRET');
      const result = opened.content as QueryResult;
      if (!result.ok) throw uncarry(result.error);
      return result.value;
    }
    throw unavailable(options.unavailable, name, lost instanceof Error ? lost.message : 'no address', lost);
  };

  const queries = Object.fromEntries(options.names.map((name) => [name, (query: unknown) => ask(name, query)]));
  return {
    queries: queries as unknown as Queries,
    close: async () => {
      await Promise.all(peers.map((peer) => peer.close()));
    },
  };
}

const unavailable = (code: ErrorCode, name: string, why: string, cause?: unknown): AppError =>
  new AppError('unavailable', code, `the query ${name} got no answer: ${why}`, {}, cause);

/** So many questions in a row without an answer, and the connection is made anew: the peer may be frozen or gone. */
const silentMax = 3;

class Peer {
  readonly #client: ClientTCP;
  #connected = false;
  #silent = 0;

  constructor(address: Address) {
    this.#client = new ClientTCP({ host: address.host, port: address.port });
    this.#client.status.subscribe((status) => (this.#connected = status === 'connected'));
  }

  async ask(pattern: string, message: unknown, timeoutMs: number): Promise<unknown> {
    try {
      const answer: unknown = await lastValueFrom(this.#client.send(pattern, message).pipe(timeout(timeoutMs)));
      this.#silent = 0;
      return answer;
    } catch (error) {
      this.#silent++;
      if (!this.#connected || this.#silent >= silentMax) await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#silent = 0;
    await this.#client.close();
  }
}
