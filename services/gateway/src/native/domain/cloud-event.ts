import type { RatedInputs } from '@tollgate/contracts';
import type { ErrorCode } from '@tollgate/kernel';
import { hasAtMost } from '@tollgate/kernel';
import { readUsage } from '@tollgate/pricing';

import { accountIdFault } from '../../shared/domain/account-id.ts';
import { parseTime } from '../../shared/domain/instant.ts';

/** The request that a valid CloudEvent makes. */
export type MeteredEvent = {
  readonly id: string;
  readonly source: string;
  readonly account: string;
  readonly meter: string;
  readonly inputs: RatedInputs;
  /** ISO 8601 in UTC; absent when the event does not say when it happened. */
  readonly occurred?: string;
};
export type EventFault = { readonly id?: string; readonly code: ErrorCode; readonly detail: string };
export type ParsedEvent = { readonly event: MeteredEvent } | { readonly fault: EventFault };

/** Older events are treated as a producer's mistake. */
const earliestMs = Date.UTC(2000, 0, 1);
const aheadMaxMs = 24 * 3_600_000;

/**
 * Reads a CloudEvent 1.0 in its JSON form. `nowMs` is the platform's time, against which `time` is judged. Text and
 * nesting have been checked when the body was parsed. Unknown meters and quantities are left to the ledger: the catalog
 * decides them.
 */
export function parseEvent(value: unknown, nowMs: number): ParsedEvent {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { fault: { code: 'EVENT_MALFORMED', detail: 'an event is a JSON object' } };
  }
  const raw = value as Record<string, unknown>;
  const id = typeof raw['id'] === 'string' ? raw['id'] : undefined;
  const malformed = (detail: string): ParsedEvent => ({ fault: { ...named(id), code: 'EVENT_MALFORMED', detail } });

  if (raw['specversion'] !== '1.0') return malformed('specversion must be "1.0"');
  if (!isText(id, 255)) return malformed('id must be a string of 1 to 255 characters');
  const { source, type, subject } = raw;
  if (!isText(source, 512)) return malformed('source must be a string of 1 to 512 characters');
  if (!isText(type, 255)) return malformed('type must be a string of 1 to 255 characters');
  if (typeof subject !== 'string') return malformed('subject must name the account');
  const subjectFault = accountIdFault(subject);
  if (subjectFault !== null) return malformed(`subject: ${subjectFault}`);
  const contentFault = contentTypeFault(raw);
  if (contentFault !== null) return malformed(contentFault);

  const time = raw['time'];
  let occurredMs: number | null = null;
  if (time !== undefined && time !== null) {
    occurredMs = typeof time === 'string' ? parseTime(time) : null;
    if (occurredMs === null) return malformed('time must be an RFC 3339 timestamp');
    if (occurredMs < earliestMs || occurredMs > nowMs + aheadMaxMs) {
      return { fault: { id, code: 'TIME_OUT_OF_RANGE', detail: 'time lies before 2000 or more than 24 hours ahead' } };
    }
  }
  const data = raw['data'] ?? {};
  if (raw['data'] === null || typeof data !== 'object' || Array.isArray(data))
    return malformed('data must be a JSON object');
  const read = readUsage(type, data as Record<string, unknown>);
  if ('fault' in read)
    return {
      fault: {
        id,
        code: read.fault.code === 'REQUEST_INVALID' ? 'EVENT_MALFORMED' : read.fault.code,
        detail: `data: ${read.fault.detail}`,
      },
    };
  const { inputs } = read;
  const occurred = occurredMs === null ? {} : { occurred: new Date(occurredMs).toISOString() };
  return { event: { id, source, account: subject, meter: type, inputs, ...occurred } };
}

const named = (id: string | undefined): { id?: string } => (id === undefined ? {} : { id: id.slice(0, 255) });

function isText(value: unknown, max: number): value is string {
  return typeof value === 'string' && value.length > 0 && hasAtMost(max, value);
}

function contentTypeFault(raw: Record<string, unknown>): string | null {
  if (raw['data_base64'] !== undefined && raw['data_base64'] !== null) return 'data must be JSON, not data_base64';
  const contentType = raw['datacontenttype'];
  if (contentType === undefined || contentType === null) return null;
  const isJson = typeof contentType === 'string' && /^[^;]+[/+]json\s*(;.*)?$/i.test(contentType);
  return isJson ? null : 'datacontenttype must be a JSON media type';
}
