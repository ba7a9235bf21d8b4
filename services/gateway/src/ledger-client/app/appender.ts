import type { Appended, EventLog, OutgoingRecord } from '@tollgate/messaging';

type Waiting = {
  readonly records: readonly OutgoingRecord[];
  readonly resolve: (appended: readonly Appended[]) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Collects what is appended in one turn of the event loop into one append: many requests that arrive together cost the
 * log one call. Order per partition is the order of the calls.
 */
export class Appender {
  private waiting: Waiting[] = [];
  private scheduled = false;
  private readonly log: EventLog;

  constructor(log: EventLog) {
    this.log = log;
  }

  /** Resolves once the log holds the records. @throws AppError('unavailable', LOG_UNAVAILABLE) as the log does. */
  append(records: readonly OutgoingRecord[]): Promise<readonly Appended[]> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ records, resolve, reject });
      if (this.scheduled) return;
      this.scheduled = true;
      setImmediate(this.flush);
    });
  }

  private readonly flush = (): void => {
    const batch = this.waiting;
    this.waiting = [];
    this.scheduled = false;
    const only = batch.length === 1 ? batch[0] : undefined;
    const records = only === undefined ? batch.flatMap((item) => item.records) : only.records;
    this.log.append(records).then(
      (appended) => {
        let from = 0;
        for (const item of batch) {
          item.resolve(appended.slice(from, from + item.records.length));
          from += item.records.length;
        }
      },
      (error: unknown) => {
        for (const item of batch) item.reject(error);
      },
    );
  };
}
