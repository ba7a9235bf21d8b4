import 'reflect-metadata';
import { Controller, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, ServerTCP } from '@nestjs/microservices';
import type { Logger } from './logger.ts';
import { nestLogger } from './nest-logger.ts';
import { carry, seal, unseal, type QueryResult, type SealedMessage } from './query-message.ts';

export type QueryServer = { readonly port: number; close(): Promise<void> };

/** Functions of one argument that answer with JSON: `LedgerQueries`, `BillingQueries`. */
export type QuerySet<Queries> = { readonly [Name in keyof Queries]: (query: never) => Promise<unknown> };

/**
 * Answers typed queries over Nest's TCP transport. A message that was not sealed with `secret` gets no answer but
 * "refused", and its query is not run. Resolves once the port is open.
 */
export async function serveQueries<Queries extends QuerySet<Queries>>(options: {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly queries: Queries;
  readonly names: readonly (keyof Queries & string)[];
  readonly pattern: (name: keyof Queries & string) => string;
  readonly logger: Logger;
}): Promise<QueryServer> {
  const { queries, names, pattern, secret, logger } = options;
  const handlers = names.map((name) => ({
    pattern: pattern(name),
    answer: async (message: unknown): Promise<SealedMessage | { readonly refused: true }> => {
      const query = unseal(secret, pattern(name), message);
      if (query === undefined) {
        logger.warn({ query: name }, 'a query was refused: it was not sealed with SERVICE_SECRET');
        return { refused: true };
      }
      const result = await run(() => queries[name](query.content as never), logger);
      return seal(secret, (message as SealedMessage).mac, result);
    },
  }));
  const strategy = new ServerTCP({ host: options.host, port: options.port });
  const app = await NestFactory.createMicroservice(moduleWith(controllerFor(handlers)), { strategy, logger: nestLogger(logger), abortOnError: false });
  await app.listen();
  return { port: portOf(strategy) ?? options.port, close: () => app.close() };
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

/** A controller with one message handler a query: the names are data here, so they cannot be written as decorated methods. */
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
  const address = strategy.unwrap<import('node:net').Server>().address();
  return typeof address === 'object' && address !== null ? address.port : undefined;
}
