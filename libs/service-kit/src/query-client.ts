import { lookup } from 'node:dns/promises';

import { ClientTCP } from '@nestjs/microservices';
import { namesOf, type QueryContract } from '@tollgate/contracts';
import { AppError, type ErrorCode } from '@tollgate/kernel';
import { lastValueFrom, timeout } from 'rxjs';

import type { Address } from './address.ts';
import { type QueryResult, uncarry } from './query-message.ts';
import { queryPurpose, type QuerySet } from './query-server.ts';
import { sealedClientSocket } from './sealed-socket.ts';

export type QueryClient<Queries> = {
  readonly queries: Queries;
  /**
   * Asks every instance, also those that share one name, and answers with what those said that answered in time.
   * @throws AppError('unavailable') when none did.
   */
  each<Name extends keyof Queries & string>(
    name: Name,
    query: QueryOf<Queries[Name]>,
  ): Promise<readonly AnswerOf<Queries[Name]>[]>;
  close(): Promise<void>;
};
type QueryOf<Query> = Query extends (query: infer Asked) => unknown ? Asked : never;
type AnswerOf<Query> = Query extends (query: never) => Promise<infer Answer> ? Answer : never;

type Options<Queries> = {
  /** Instances that answer alike; asked in turn, the next one where one cannot be reached. */
  readonly addresses: readonly Address[];
  readonly secret: string;
  readonly contract: QueryContract<Queries>;
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
  type Name = keyof Queries & string;
  const peers = options.addresses.map((address) => new Peer(address, options.secret));
  /** Instances behind the names of `addresses`, by their own addresses; filled by `each`. */
  const instances = new Map<string, Peer>();
  let turn = 0;

  const askPeer = async (peer: Peer, name: Name, query: unknown): Promise<QueryResult> => {
    const pattern = options.pattern(name);
    return (await peer.ask(pattern, query, options.timeoutsMs?.[name] ?? options.timeoutMs ?? 2_000)) as QueryResult;
  };

  const ask = async (name: Name, query: unknown): Promise<unknown> => {
    const first = turn++;
    let lost: unknown;
    for (let tried = 0; tried < peers.length; tried++) {
      const peer = peers[(first + tried) % peers.length];
      const result =
        peer &&
        (await askPeer(peer, name, query).catch((error: unknown) => {
          if (error instanceof AppError) throw error;
          lost = error;
          return undefined;
        }));
      if (result !== undefined) return valueOf(result);
    }
    throw unavailable(options.unavailable, name, lost instanceof Error ? lost.message : 'no address', lost);
  };

  const askEach = async (name: Name, query: unknown): Promise<unknown[]> => {
    const found = new Map(
      (await addressesOf(options.addresses)).map((address) => [`${address.host}|${address.port}`, address]),
    );
    for (const [key, address] of found) if (!instances.has(key)) instances.set(key, new Peer(address, options.secret));
    for (const [key, peer] of instances) {
      if (found.has(key)) continue;
      instances.delete(key);
      void peer.close();
    }
    const answers = await Promise.allSettled(
      [...instances.values()].map(async (peer) => valueOf(await askPeer(peer, name, query))),
    );
    const told = answers.filter((answer) => answer.status === 'fulfilled').map(({ value }) => value);
    if (told.length > 0) return told;
    const lost: unknown = answers.find((answer) => answer.status === 'rejected')?.reason;
    throw unavailable(options.unavailable, name, lost instanceof Error ? lost.message : 'no address', lost);
  };

  const queries = Object.fromEntries(
    namesOf(options.contract).map((name) => [name, (query: unknown) => ask(name, query)]),
  );
  return {
    queries: queries as unknown as Queries,
    each: (name, query) => askEach(name, query) as Promise<never>,
    close: async () => {
      await Promise.all([...peers, ...instances.values()].map((peer) => peer.close()));
    },
  };
}

function valueOf(result: QueryResult): unknown {
  if (!result.ok) throw uncarry(result.error);
  return result.value;
}

/** Every instance behind the names: one name may lead to several (a scaled service, a headless one). */
async function addressesOf(named: readonly Address[]): Promise<readonly Address[]> {
  const found = await Promise.all(
    named.map(async ({ host, port }) => {
      const all = await lookup(host, { all: true }).catch(() => []);
      return all.map(({ address }) => ({ host: address, port }));
    }),
  );
  return found.flat();
}

const unavailable = (code: ErrorCode, name: string, why: string, cause?: unknown): AppError =>
  new AppError('unavailable', code, `the query ${name} got no answer: ${why}`, {}, cause);

/** After so many unanswered questions in a row the connection is replaced: the peer may be frozen or gone. */
const silentMax = 3;

class Peer {
  readonly #client: ClientTCP;
  #connected = false;
  #silent = 0;

  constructor(address: Address, secret: string) {
    this.#client = new ClientTCP({
      host: address.host,
      port: address.port,
      socketClass: sealedClientSocket({ secret, purpose: queryPurpose }),
    });
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
