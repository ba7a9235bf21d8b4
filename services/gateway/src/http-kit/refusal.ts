import type { Answer, AnswerProblem } from '@tollgate/contracts';
import type { ErrorCode } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { envelopeOf } from './envelopes.ts';
import type { Failure } from './failure.ts';
import { retryAfterS, statusOfCode } from './failure.ts';

/** Converts a refusal of the ledger: 402, or 429 if waiting for a reset helps. */
export function failureOfProblem(problem: AnswerProblem, nowMs: number): Failure {
  const { code, detail, refusal, hold } = problem;
  const waits = refusal?.resets_at;
  const status =
    waits !== undefined && (code === 'ALLOWANCE_EXHAUSTED' || code === 'LIMIT_EXCEEDED') ? 429 : statusOfCode(code);
  const fields = {
    ...(refusal === undefined
      ? {}
      : {
          limit: {
            account: refusal.account,
            ...(refusal.limit === undefined ? {} : { limit: refusal.limit }),
            ...(refusal.period === undefined ? {} : { period: refusal.period }),
            ...(refusal.model === undefined ? {} : { model: refusal.model }),
          },
          asked: refusal.asked,
          available: refusal.available,
        }),
    ...(waits === undefined ? {} : { resets_at: waits }),
    ...(hold === undefined ? {} : { hold }),
  };
  const waitS =
    status === 503
      ? retryAfterS
      : waits === undefined
        ? null
        : Math.max(1, Math.ceil((Date.parse(waits) - nowMs) / 1000));
  const headers: Readonly<Record<string, string>> =
    waitS === null || status < 429 ? {} : { 'retry-after': String(waitS) };
  return { status, code: code as ErrorCode, detail, headers, fields };
}

/** Sends a refusal without throwing, because a stack trace costs more than the rest of the request. */
export function sendRefusal(request: FastifyRequest, reply: FastifyReply, failure: Failure): void {
  const { contentType, body } = envelopeOf(request.url);
  void reply
    .code(failure.status)
    .headers({ ...failure.headers, 'x-correlation-id': request.id })
    .type(contentType)
    .send(JSON.stringify(body(failure, request.id)));
}

export const unexplained: AnswerProblem = {
  code: 'INVARIANT_BROKEN',
  detail: 'the ledger the ledger refused without a reason',
};

/** The problem of a refused answer; null if the answer is no refusal. */
export const problemOf = (answer: Answer): AnswerProblem | null =>
  answer.outcome === 'refused' ? (answer.problem ?? unexplained) : null;
