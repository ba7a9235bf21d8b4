import { randomUUID } from 'node:crypto';

import type { Answer } from '@tollgate/contracts';

import type { AnswerReceiver, AnswerSender } from '../answers.ts';

type Answers = readonly (readonly [waiter: number, answer: Answer])[];

/**
 * Sender and receiver of one process (embedded platform). The sender returns before the gateway receives the answer, as
 * over the network; answers for an earlier boot are dropped.
 */
export function createInProcessAnswers(onError: (error: unknown) => void = () => undefined): {
  readonly sender: AnswerSender;
  readonly receiver: AnswerReceiver;
} {
  const replyTo = `in-process|${randomUUID()}`;
  let listener: (answers: Answers) => void = () => undefined;
  let closed = false;
  return {
    sender: {
      send: (to, answers) => {
        if (to !== replyTo || closed) return;
        queueMicrotask(() => {
          try {
            listener(answers);
          } catch (error) {
            onError(error);
          }
        });
      },
      close: () => Promise.resolve(),
    },
    receiver: {
      replyTo,
      onAnswers: (one) => void (listener = one),
      close: () => {
        closed = true;
        return Promise.resolve();
      },
    },
  };
}
