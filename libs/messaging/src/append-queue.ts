import { AppError } from '@tollgate/kernel';

import type { Appended, OutgoingRecord } from './event-log.ts';

/** A waiting call of `append`. */
export type PendingAppend = {
  readonly records: readonly OutgoingRecord[];
  readonly deadline: number;
  readonly resolve: (appended: readonly Appended[]) => void;
  readonly reject: (error: unknown) => void;
  /** The caller was rejected already (time-out). */
  settled: boolean;
};

/** Upper bounds of one send, which is written in a few milliseconds. A larger call is sent alone. */
export type CollectLimits = { readonly recordsMax: number; readonly charsMax: number };

export const logUnavailable = (message: string, cause?: unknown): AppError =>
  new AppError('unavailable', 'LOG_UNAVAILABLE', message, {}, cause);

/** Waiting calls of `append`, in order. Each settles within `timeoutMs`, whatever the log does. */
export class AppendQueue {
  readonly #waiting: PendingAppend[] = [];
  #inFlight: readonly PendingAppend[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #timeoutMs: number;
  readonly #limits: CollectLimits;

  constructor(timeoutMs: number, limits: CollectLimits) {
    this.#timeoutMs = timeoutMs;
    this.#limits = limits;
  }

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  push(records: readonly OutgoingRecord[]): Promise<readonly Appended[]> {
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.#timeoutMs;
      this.#waiting.push({ records, deadline, resolve, reject, settled: false });
      this.#timer ??= setTimeout(() => this.#expire(), this.#timeoutMs);
    });
  }

  /** Takes the calls of the next send, in order. The taker settles them with `settle` or returns them with `again`. */
  collect(): readonly PendingAppend[] {
    let records = 0;
    let chars = 0;
    let count = 0;
    for (const pending of this.#waiting) {
      records += pending.records.length;
      for (const record of pending.records) chars += record.value.length + record.key.length;
      if (count > 0 && (records > this.#limits.recordsMax || chars > this.#limits.charsMax)) break;
      count++;
    }
    this.#inFlight = this.#waiting.splice(0, count);
    return this.#inFlight;
  }

  /** Puts the calls of a send that certainly had no effect back, except those that have timed out. */
  again(): void {
    this.#waiting.unshift(...this.#inFlight.filter((pending) => !pending.settled));
    this.#inFlight = [];
  }

  settle(answer: (pending: PendingAppend) => void): void {
    const sent = this.#inFlight;
    this.#inFlight = [];
    for (const pending of sent) {
      if (pending.settled) continue;
      pending.settled = true;
      answer(pending);
    }
  }

  /** Rejects all waiting calls, and all later ones. */
  close(error: AppError): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const pending of this.#waiting.splice(0)) {
      pending.settled = true;
      pending.reject(error);
    }
    this.settle((pending) => pending.reject(error));
  }

  #expire(): void {
    const now = performance.now();
    const late = (pending: PendingAppend): boolean => pending.deadline <= now + 1;
    for (const pending of this.#inFlight) {
      if (pending.settled || !late(pending)) continue;
      pending.settled = true;
      pending.reject(logUnavailable('the log did not confirm the records in time; they may have been written'));
    }
    const kept = this.#waiting.findIndex((pending) => !late(pending));
    for (const pending of this.#waiting.splice(0, kept === -1 ? this.#waiting.length : kept)) {
      pending.settled = true;
      pending.reject(logUnavailable('the log did not take the records in time'));
    }
    const next = [...this.#inFlight.filter((pending) => !pending.settled), ...this.#waiting][0];
    this.#timer = next === undefined ? undefined : setTimeout(() => this.#expire(), Math.max(1, next.deadline - now));
  }
}
