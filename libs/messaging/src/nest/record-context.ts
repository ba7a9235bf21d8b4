import { BaseRpcContext } from '@nestjs/microservices';
import { AppError } from '@tollgate/kernel';

import type { LogRecord, TopicPartition } from '../event-log.ts';

type Args = readonly [where: TopicPartition, record: LogRecord, signal: AbortSignal];

/** What a consumer's handler gets beside the payload (`@Ctx()`). */
export class RecordContext extends BaseRpcContext<Args> {
  get where(): TopicPartition {
    return this.args[0];
  }
  get record(): LogRecord {
    return this.args[1];
  }
  /** Aborted when the partition is no longer ours: nothing more may be done for it. */
  get signal(): AbortSignal {
    return this.args[2];
  }
  /** The record's value as JSON. Call it inside `run`. @throws AppError('invalid', EVENT_MALFORMED) when it is none. */
  json(): unknown {
    try {
      return JSON.parse(this.record.value);
    } catch (error) {
      throw new AppError('invalid', 'EVENT_MALFORMED', 'the record is not JSON', {}, error);
    }
  }
}
