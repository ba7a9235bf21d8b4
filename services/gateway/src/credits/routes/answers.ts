import type { FastifyReply, FastifyRequest } from 'fastify';

import type { WorkResult } from '../app/credit-work.ts';
import type { Ran } from '../app/operations.ts';
import { creditInfo, insufficientBody } from './shapes.ts';

type Exchange = { readonly request: FastifyRequest; readonly reply: FastifyReply };

/** Sends a body in this surface's format, with a header that marks a replayed answer. */
export function send(
  { request, reply }: Exchange,
  of: { readonly status: number; readonly body: unknown; readonly replayed?: boolean },
): void {
  if (of.replayed === true) void reply.header('idempotent-replay', 'true');
  void reply
    .code(of.status)
    .header('x-correlation-id', request.id)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(of.body));
}

/**
 * Answers a consuming route: 200 with what the service delivered, 429, or 502/504 when the service failed and nothing
 * was used.
 */
export function sendWork(
  exchange: Exchange,
  { result, replayed }: Ran<WorkResult>,
  body: (content: unknown, info: Record<string, unknown>) => unknown,
): void {
  switch (result.outcome) {
    case 'delivered':
      return send(exchange, { status: 200, replayed, body: body(result.delivery.content, creditInfo(result)) });
    case 'insufficient':
      return send(exchange, { status: 429, body: insufficientBody(result.available) });
    case 'failed': {
      const status = result.fault === 'timeout' ? 504 : 502;
      const error = result.fault === 'timeout' ? 'Service timed out' : 'Service failed';
      return send(exchange, { status, body: { error, detail: `${result.detail}; no credit was used`, status } });
    }
  }
}

/** A member of the service's JSON when it has it. */
export const memberOf = (content: unknown, name: string): unknown =>
  typeof content === 'object' && content !== null && !Array.isArray(content)
    ? (content as Record<string, unknown>)[name]
    : undefined;
