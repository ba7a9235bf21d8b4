import { deadLetterTopic } from '@tollgate/contracts';
import { AppError, assertNever, doublingMs } from '@tollgate/kernel';
import { rest } from '@tollgate/service-kit';

import type { EventLog } from '../event-log.ts';
import type { RecordContext } from './record-context.ts';

export type ConsumerRunnerOptions = {
  readonly log: EventLog;
  readonly group: string;
  /** Called for every failure. `alert`: an operator should look. */
  readonly onFailure?: (failure: ConsumerFailure) => void;
};
export type ConsumerFailure = {
  readonly ctx: RecordContext;
  readonly error: AppError;
  readonly then: 'acknowledged' | 'retry' | 'dead-lettered';
  readonly alert: boolean;
};

/** Headers of a dead letter, beside the record's own. */
export const deadLetterHeaders = {
  code: 'dead-letter-code',
  kind: 'dead-letter-kind',
  reason: 'dead-letter-reason',
  group: 'dead-letter-group',
  topic: 'dead-letter-topic',
  partition: 'dead-letter-partition',
  offset: 'dead-letter-offset',
  timeMs: 'dead-letter-time-ms',
} as const;

/** Tries of a record that fails by a defect (style guide §6), and of one that conflicts with other changes. */
const triesMax = { bug: 3, conflict: 10 } as const;
const retryWaits = { firstMs: 50, maxMs: 5_000 };

/**
 * Owns failure for consumers (style guide §6): a record is done, tried again or put aside as a dead letter, so that a
 * poison record neither blocks its partition nor is lost. A dependency that is down (`unavailable`) is waited for,
 * without limit.
 */
export class ConsumerRunner {
  readonly #options: ConsumerRunnerOptions;

  constructor(options: ConsumerRunnerOptions) {
    this.#options = options;
  }

  /** Creates the dead-letter topics of what will be consumed. */
  async prepare(topics: readonly string[]): Promise<void> {
    const { log, group } = this.#options;
    await log.createTopics(
      topics.map((topic) => ({ topic: deadLetterTopic(topic, group), partitions: 1, retention: 'forever' as const })),
    );
  }

  /**
   * Resolves when the record needs nothing more. @throws only when the partition was lost meanwhile: deliver it again.
   */
  async run(ctx: RecordContext, work: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      ctx.signal.throwIfAborted();
      try {
        return await work();
      } catch (thrown) {
        ctx.signal.throwIfAborted();
        const error = toAppError(thrown);
        const then = verdict(error, attempt);
        this.#options.onFailure?.({ ctx, error, then, alert: error.kind === 'bug' && then === 'dead-lettered' });
        if (then === 'acknowledged') return;
        if (then === 'dead-lettered') return this.#deadLetter(ctx, error);
      }
      await pause(attempt, ctx.signal);
    }
  }

  /** Writes the dead letter, and retries until the log takes it. */
  async #deadLetter(ctx: RecordContext, error: AppError): Promise<void> {
    const { log, group } = this.#options;
    const { where, record } = ctx;
    const headers = {
      ...record.headers,
      [deadLetterHeaders.code]: error.code,
      [deadLetterHeaders.kind]: error.kind,
      [deadLetterHeaders.reason]: error.message.slice(0, 1_000),
      [deadLetterHeaders.group]: group,
      [deadLetterHeaders.topic]: where.topic,
      [deadLetterHeaders.partition]: String(where.partition),
      [deadLetterHeaders.offset]: String(record.offset),
      [deadLetterHeaders.timeMs]: String(record.timeMs),
    };
    const letter = {
      topic: deadLetterTopic(where.topic, group),
      partition: 0,
      key: record.key,
      value: record.value,
      headers,
    };
    for (let attempt = 1; ; attempt++) {
      try {
        await log.append([letter]);
        return;
      } catch (failed) {
        this.#options.onFailure?.({ ctx, error: toAppError(failed), then: 'retry', alert: attempt === 1 });
        await pause(attempt, ctx.signal);
      }
    }
  }
}

function verdict(error: AppError, attempt: number): ConsumerFailure['then'] {
  switch (error.kind) {
    case 'invalid':
    case 'not_found':
    case 'reused':
      return 'dead-lettered';
    case 'refused':
      return 'acknowledged';
    case 'unavailable':
      return 'retry';
    case 'conflict':
    case 'bug':
      return attempt < triesMax[error.kind] ? 'retry' : 'dead-lettered';
    default:
      return assertNever(error.kind);
  }
}

/** Anything but an `AppError` is a defect. */
function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  return new AppError(
    'bug',
    'INVARIANT_BROKEN',
    thrown instanceof Error ? thrown.message : 'a handler failed',
    {},
    thrown,
  );
}

/** Ends early, by throwing, when the partition is lost. */
async function pause(attempt: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await rest(doublingMs(retryWaits, attempt - 1), signal);
  signal.throwIfAborted();
}
