import type { Answer } from '@tollgate/contracts';

/**
 * Where a ledger hands answers over. Fire and forget through a bounded queue per gateway (rule 22): an unreachable
 * gateway costs memory up to the bound and nothing else. An address whose signature fails is never connected to.
 */
export interface AnswerSender {
  /** `replyTo` is the record header as it came. */
  send(replyTo: string, answers: readonly (readonly [waiter: number, answer: Answer])[]): void;
  close(): Promise<void>;
}

/** Where a gateway takes answers in. */
export interface AnswerReceiver {
  /** The signed value of the `reply-to` header of every request of this boot. */
  readonly replyTo: string;
  /** Called once by the gateway: unknown waiters are its business to drop. */
  onAnswers(listener: (answers: readonly (readonly [waiter: number, answer: Answer])[]) => void): void;
  close(): Promise<void>;
}
