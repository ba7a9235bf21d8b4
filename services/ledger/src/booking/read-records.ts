import { recordHeaders } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { LogRecord } from '@tollgate/messaging';

import { readRequest } from '../domain/request/read-request.ts';
import type { Request } from '../domain/request/request.ts';

/** A record of the log, read. */
export type ReadRecord = {
  readonly record: LogRecord;
  /** max(previous, record): never goes back (rule 1). */
  readonly timeMs: number;
  /** null: poison. `account` is filled in where the request named a hold or an entry. */
  request: Request | null;
  readonly poison: string | null;
  readonly replyTo: string | undefined;
  readonly waiter: number;
};

/** Reads what the log delivered, in order. A record that cannot be read keeps its place and the reason. */
export function readRecords(records: readonly LogRecord[], lastTimeMs: number): ReadRecord[] {
  let timeMs = lastTimeMs;
  return records.map((record) => {
    timeMs = record.timeMs > timeMs ? record.timeMs : timeMs;
    const waiter = record.headers[recordHeaders.waiter];
    const common = {
      record,
      timeMs,
      replyTo: record.headers[recordHeaders.replyTo],
      waiter: waiter === undefined ? -1 : Number(waiter),
    };
    try {
      return { ...common, request: readRequest(record.value, timeMs), poison: null };
    } catch (error) {
      // Reading depends on the record alone, so that every error here is an error of the record (rule 13).
      const reason =
        error instanceof AppError ? `${error.code}: ${error.message}` : `REQUEST_INVALID: ${String(error)}`;
      return { ...common, request: null, poison: reason };
    }
  });
}
