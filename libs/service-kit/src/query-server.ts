import 'reflect-metadata';

import type { Server } from 'node:net';

import { Controller, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, ServerTCP } from '@nestjs/microservices';
import { checkedQuery, namesOf, type QueryContract } from '@tollgate/contracts';

import type { Logger } from './logger.ts';
import { nestLogger } from './nest-logger.ts';
import { carry, type QueryResult } from './query-message.ts';
import { sealedServerSocket } from './sealed-socket.ts';

/** Purpose that the proof of the shared secret is bound to. It is the same for all services. */
export const queryPurpose = 'queries';

export type QueryServer = { readonly port: number; close(): Promise<void> };

/** Functions of one argument that answer with JSON: `LedgerQueries`, `BillingQueries`. */
export type QuerySet<Queries> = { readonly [Name in keyof Queries]: (query: never) => Promise<unknown> };

/**
 * Answers typed queries over Nest's TCP transport, for peers that know `secret` only (`sealedServerSocket`). Resolves
 * once the port is open.
 */
export async function serveQueries<Queries extends QuerySet<Queries>>(options: {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly queries: Queries;
  /** What each query asks; one that asks otherwise is refused before anything is done. */
  readonly contract: QueryContract<Queries>;
  readonly pattern: (name: keyof Queries & string) => string;
  readonly logger: Logger;
}): Promise<QueryServer> {
  const { queries, contract, pattern, secret, logger } = options;
  const handlers = namesOf(contract).map((name) => ({
    pattern: pattern(name),
    answer: (query: unknown): Promise<QueryResult> =>
      run(async () => queries[name](checkedQuery(contract[name], query) as never), logger),
  }));
  const { socketClass, limit } = sealedServerSocket({ secret, purpose: queryPurpose, onRefused: refusalLog(logger) });
  const strategy = new ServerTCP({ host: options.host, port: options.port, socketClass });
  limit(strategy.unwrap<Server>());
  const app = await NestFactory.createMicroservice(moduleWith(controllerFor(handlers)), {
    strategy,
    logger: nestLogger(logger),
    abortOnError: false,
  });
  await app.listen();
  return { port: portOf(strategy) ?? options.port, close: () => app.close() };
}

/** Says why peers are put out, once a second at most: a stranger must not fill the log. */
function refusalLog(logger: Logger): (reason: string, address: string | undefined) => void {
  let saidMs = -Infinity;
  return (reason, address) => {
    if (performance.now() - saidMs < 1_000) return;
    saidMs = performance.now();
    logger.warn({ address }, `a connection to the port for queries was closed: ${reason}`);
  };
}

async function run(query: () => Promise<unknown>, logger: Logger): Promise<QueryResult> {
  try {
    return { ok: true, value: await query() };
  } catch (error) {
    const carried = carry(error);
    if (carried.kind === 'bug') logger.error({ err: error }, 'a query failed');
    return { ok: false, error: carried };
  }
}

type Handler = { readonly pattern: string; readonly answer: (message: unknown) => Promise<unknown> };

/**
 * A controller with one message handler a query: the names are data here, so they cannot be written as decorated
 * methods.
 */
function controllerFor(handlers: readonly Handler[]): Type {
  class QueriesController {}
  Controller()(QueriesController);
  for (const [index, { pattern, answer }] of handlers.entries()) {
    const method = `query${index}`;
    const descriptor = { value: answer, writable: true, configurable: true, enumerable: false };
    Object.defineProperty(QueriesController.prototype, method, descriptor);
    MessagePattern(pattern)(QueriesController.prototype, method, descriptor);
  }
  return QueriesController;
}

function moduleWith(controller: Type): Type {
  class QueriesModule {}
  Module({ controllers: [controller] })(QueriesModule);
  return QueriesModule;
}

function portOf(strategy: ServerTCP): number | undefined {
  const address = strategy.unwrap<Server>().address();
  return typeof address === 'object' && address !== null ? address.port : undefined;
}
