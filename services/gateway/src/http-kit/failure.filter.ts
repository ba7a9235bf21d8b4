import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { Catch } from '@nestjs/common';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { envelopeOf } from './envelopes.ts';
import type { Failure } from './failure.ts';
import { failureOf } from './failure.ts';
import type { RouteTable } from './route-table.ts';

export type LogFailure = (failure: Failure, correlationId: string, url: string) => void;

/** Converts every thrown error into the error format of the path's surface. The only place that does so. */
@Catch()
export class FailureFilter implements ExceptionFilter {
  readonly #routes: RouteTable;
  readonly #log: LogFailure;

  constructor(routes: RouteTable, log: LogFailure) {
    this.#routes = routes;
    this.#log = log;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    let failure = brokenOff(request) ?? failureOf(error);
    if (failure.code === 'ROUTE_UNKNOWN') failure = this.#otherMethod(request) ?? failure;
    sendFailure(http.getResponse<FastifyReply>(), request, failure, this.#log);
  }

  #otherMethod(request: FastifyRequest): Failure | null {
    const allowed = this.#routes.methodsOf(request.url);
    if (allowed.length === 0 || allowed.includes(request.method)) return null;
    const allow = allowed.join(', ');
    return failureOf(new AppError('invalid', 'METHOD_NOT_ALLOWED', `this path accepts ${allow}`, { allow }));
  }
}

/** The client disconnected before the request was complete: not a failure of ours, and no answer can be delivered. */
export function brokenOff({ raw }: FastifyRequest): Failure | null {
  if (raw.complete || !(raw.destroyed || raw.errored)) return null;
  return { status: 400, code: 'REQUEST_INVALID', detail: 'the request broke off' };
}

export function sendFailure(reply: FastifyReply, request: FastifyRequest, failure: Failure, log: LogFailure): void {
  if (reply.sent) return;
  if (failure.status >= 500) log(failure, request.id, request.url);
  const { contentType, body } = envelopeOf(request.url);
  void reply
    .code(failure.status)
    .headers({ ...failure.headers, 'x-correlation-id': request.id })
    .type(contentType)
    .send(JSON.stringify(body(failure, request.id)));
}
