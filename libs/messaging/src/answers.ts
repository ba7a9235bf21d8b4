import type { Answer } from '@tollgate/contracts';

/**
 * Sends answers to gateways: fire and forget through a bounded queue per gateway (rule 22). An unreachable gateway
 * costs memory up to that bound and delays nothing. An address whose signature fails is never connected to.
 */
export interface AnswerSender {
  /** `replyTo` is the record header as it came. */
  send(replyTo: string, answers: readonly (readonly [waiter: number, answer: Answer])[]): void;
  close(): Promise<void>;
}

/** Receives a gateway's answers. */
export interface AnswerReceiver {
  /** The signed value of the `reply-to` header of every request of this boot. */
  readonly replyTo: string;
  /** Registers the handler, once. The handler drops answers whose waiter it does not know. */
  onAnswers(listener: (answers: readonly (readonly [waiter: number, answer: Answer])[]) => void): void;
  close(): Promise<void>;
}
