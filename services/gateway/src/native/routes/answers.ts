import type { Answer } from '@tollgate/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { failureOfProblem, problemOf, sendRefusal } from '../../http-kit/refusal.ts';

/**
 * Sends the ledger's answer: a refusal as a problem, otherwise `body`. A replayed answer is marked and keeps its
 * status.
 */
export function sendAnswer(
  { request, reply, nowMs }: { request: FastifyRequest; reply: FastifyReply; nowMs: number },
  answer: Answer,
  success: { readonly status: number; readonly body: unknown },
): void {
  const problem = problemOf(answer);
  if (problem !== null) {
    sendRefusal(request, reply, failureOfProblem(problem, nowMs));
    return;
  }
  if (answer.replayed) void reply.header('idempotent-replay', 'true');
  void reply.code(success.status).send(success.body);
}

/** `{entry, available}` of a request that was booked. */
export const bookedBody = (answer: Answer): unknown => ({ entry: answer.entry, available: answer.available ?? null });

/** A hold after a settle, extend or release. */
export const holdBody = (answer: Answer): unknown => ({
  hold_id: answer.hold?.hold_id,
  status: answer.hold?.status,
  amount: answer.hold?.amount,
  expires_at: answer.hold?.expires_at,
  ...(answer.entry === undefined ? {} : { entry: answer.entry }),
  available: answer.available ?? null,
});
