import 'reflect-metadata';

import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Logger, Metrics } from '@tollgate/service-kit';
import { nestLogger } from '@tollgate/service-kit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { bodyMax, registerBodyParsers } from './body-parser.ts';
import type { ConnectionLimits } from './connections.ts';
import { answerAndDestroy, limitConnections } from './connections.ts';
import { correlationIdOf } from './correlation-id.ts';
import type { LogFailure } from './failure.filter.ts';
import { brokenOff, FailureFilter, sendFailure } from './failure.filter.ts';
import { failureOf } from './failure.ts';
import { serveApiDocs } from './openapi/open-api.ts';
import { registerRequestMetrics } from './request-metrics.ts';
import { RouteTable } from './route-table.ts';
import { SchemaPipe } from './schema.pipe.ts';
import { securePages } from './secure-pages.ts';

export type HttpOptions = {
  readonly module: DynamicModule;
  readonly host: string;
  readonly port: number;
  /** Addresses and networks of proxies whose X-Forwarded-For header is trusted. */
  readonly trustedProxies?: readonly string[] | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Number of callers that are waiting for the ledger. */
  readonly waiting: () => number;
  /** Requests in flight have this long to end when the server closes; then their connections are cut. */
  readonly drainMs?: number;
  readonly connectionLimits?: ConnectionLimits | undefined;
  /** How long a client may take to send the head of a request, and the whole of it. */
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
};
export type HttpServer = {
  readonly host: string;
  readonly port: number;
  /** Every route that answers, as `POST /v1/accounts/:id/spend`. */
  readonly routes: readonly string[];
  /** Open connections now. */
  connections(): number;
  close(): Promise<void>;
};

/** Enough for 512 non-ASCII characters, percent-encoded. */
const paramMax = 8_192;
/** Longer than the idle time of the usual load balancers (60 s), so that they close first. */
const keepAliveMs = 72_000;
/** Longer than a request waits for its booking by default; short enough for the platform to stop in 10 s. */
const drainDefaultMs = 6_000;
/** A client may take this long to send its request: 20 MB of an image over a slow line. */
const requestDefaultMs = 120_000;
/** A head is a few hundred bytes. */
const headersDefaultMs = 20_000;
/** Interval of the check for late requests; their answer is late by at most this much. */
const lateEveryMs = 1_000;
/** Fits the usual soft limit of 8,192 file descriptors. */
const connectionsDefault: ConnectionLimits = { inAll: 4_096, perAddress: 1_024 };

/** A client that never finishes its request must not keep the platform from stopping. */
async function closeWithin(app: NestFastifyApplication, drainMs: number): Promise<void> {
  const cut = setTimeout(() => app.getHttpServer().closeAllConnections(), drainMs);
  try {
    await app.close();
  } finally {
    clearTimeout(cut);
  }
}

/**
 * Input that is not HTTP has no path and thus no surface: it is answered with problem+json and the connection is
 * closed.
 */
function refuseBrokenHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy(error);
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return answerAndDestroy(socket, {
      status: 408,
      reason: 'Request Timeout',
      code: 'REQUEST_TIMEOUT',
      detail: 'the request did not arrive in time',
    });
  }
  const [status, reason] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ([431, 'Request Header Fields Too Large'] as const)
      : ([400, 'Bad Request'] as const);
  answerAndDestroy(socket, { status, reason, code: 'REQUEST_INVALID', detail: 'this is not a valid HTTP request' });
}

/** Starts listening; resolves when requests are accepted. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { logger } = options;
  const log: LogFailure = (failure, correlationId, url) => {
    const line = {
      correlationId,
      code: failure.code,
      path: url.split('?', 1)[0],
      ...(failure.bug === undefined ? {} : { err: failure.bug }),
    };
    if (failure.bug === undefined) logger.warn(line, failure.detail);
    else logger.error(line, 'a request failed on our side');
  };
  const adapter = new FastifyAdapter({
    bodyLimit: bodyMax,
    trustProxy:
      options.trustedProxies === undefined || options.trustedProxies.length === 0 ? false : [...options.trustedProxies],
    routerOptions: { maxParamLength: paramMax },
    genReqId: (request: IncomingMessage) => correlationIdOf(request.headers),
    // No middleware is used, and its engine would add a hook to every request.
    skipMiddie: true,
    keepAliveTimeout: keepAliveMs,
    requestTimeout: options.requestTimeoutMs ?? requestDefaultMs,
    http: {
      headersTimeout: options.headersTimeoutMs ?? headersDefaultMs,
      connectionsCheckingInterval: Math.min(lateEveryMs, options.requestTimeoutMs ?? lateEveryMs),
    },
    // Lets requests in flight end and closes idle connections.
    forceCloseConnections: 'idle',
    // A request on an open connection is still answered while the server closes, with `connection: close`.
    return503OnClosing: false,
    clientErrorHandler: refuseBrokenHttp,
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      sendFailure(reply, request, brokenOff(request) ?? failureOf(error), log),
  });
  const connections = limitConnections(
    adapter.getHttpServer() as Server,
    options.connectionLimits ?? connectionsDefault,
    options.trustedProxies ?? [],
  );
  const routes = new RouteTable();
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  routes.watch(fastify);
  securePages(fastify);
  registerBodyParsers(fastify);
  registerRequestMetrics(fastify, options.metrics, options.waiting);

  const app = await NestFactory.create<NestFastifyApplication>(options.module, adapter, {
    logger: nestLogger(logger),
    abortOnError: false,
    bodyParser: false,
    forceCloseConnections: false,
  });
  app.useGlobalPipes(new SchemaPipe());
  app.useGlobalFilters(new FailureFilter(routes, log));
  serveApiDocs(app);
  await app.listen({ host: options.host, port: options.port });
  const address = app.getHttpServer().address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    host: options.host,
    port,
    routes: routes.all(),
    connections,
    close: () => closeWithin(app, options.drainMs ?? drainDefaultMs),
  };
}
