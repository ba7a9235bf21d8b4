import { hasAtMost } from '@tollgate/kernel';
import type { ErrorCode } from '@tollgate/kernel';
import type { RatedInputs } from '@tollgate/contracts';
import { accountIdFault } from './account-id.ts';
import { parseTime } from './instant.ts';

/** What one valid CloudEvent asks of its account. */
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

/** Events that claim to be older than this are a producer's mistake. */
const earliestMs = Date.UTC(2000, 0, 1);
const aheadMaxMs = 24 * 3_600_000;

/**
 * Reads a CloudEvent 1.0 in its JSON form. `nowMs` is the platform's time, against which `time` is judged. Text and nesting
 * have been checked when the body was parsed. Unknown meters are left to the ledger: the catalog decides them.
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
  const inputs = inputsOf(type, raw['data']);
  if (typeof inputs === 'string') return malformed(inputs);
  const occurred = occurredMs === null ? {} : { occurred: new Date(occurredMs).toISOString() };
  return { event: { id, source, account: subject, meter: type, inputs, ...occurred } };
}

const named = (id: string | undefined): { id?: string } => (id === undefined ? {} : { id: id.slice(0, 255) });

function isText(value: unknown, max: number): value is string {
  return typeof value === 'string' && value.length > 0 && hasAtMost(max, value);
}

function contentTypeFault(raw: Record<string, unknown>): string | null {
  if (raw['data_base64'] !== undefined) return 'data must be JSON, not data_base64';
  const contentType = raw['datacontenttype'];
  if (contentType === undefined || contentType === null) return null;
  const isJson = typeof contentType === 'string' && /^[^;]+[/+]json\s*(;.*)?$/i.test(contentType);
  return isJson ? null : 'datacontenttype must be a JSON media type';
}

/** The quantities of an event; a string says what is wrong with them. */
function inputsOf(type: string, data: unknown): RatedInputs | string {
  if (data !== undefined && (typeof data !== 'object' || data === null || Array.isArray(data))) {
    return 'data must be a JSON object';
  }
  const members = (data ?? {}) as Record<string, unknown>;
  if (type === 'request') return requestInputs(members);
  if (type === 'llm.tokens') return modelTokenInputs(members);
  const inputs: Record<string, string | number> = {};
  for (const [name, member] of Object.entries(members)) {
    if (typeof member !== 'number' && typeof member !== 'string') {
      if (name === 'model' && member !== null) return modelFault;
      continue;
    }
    if (name === 'model') {
      if (!isText(member, 255)) return modelFault;
    } else {
      if (!isText(name, 128)) return 'a member of data is named by 1 to 128 characters';
      if (!isQuantity(member)) return `data.${shown(name)} must be a whole number from 0 to 2^53-1, or up to 2^63-1 as a string`;
    }
    inputs[name] = member;
  }
  return inputs;
}

function requestInputs(members: Record<string, unknown>): RatedInputs | string {
  const quantity = members['quantity'] ?? 1;
  return isQuantity(quantity) ? { quantity } : 'data.quantity must be a whole number from 0 to 2^63-1';
}

/** The quantities of `llm.tokens` and of a spend by `usage`; a string says what is wrong with them. */
export function modelTokenInputs(members: Record<string, unknown>): RatedInputs | string {
  const inputs: Record<string, string | number> = {};
  for (const name of ['input_tokens', 'output_tokens']) {
    const quantity = members[name];
    if (!isQuantity(quantity)) return `${name} must be a whole number from 0 to 2^63-1`;
    inputs[name] = quantity;
  }
  const model = members['model'];
  if (model !== undefined && model !== null) {
    if (!isText(model, 255)) return modelFault;
    inputs['model'] = model;
  }
  return inputs;
}

const modelFault = 'model must be a string of 1 to 255 characters';
const decimal = /^(0|[1-9][0-9]{0,18})$/;
const quantityMax = 2n ** 63n - 1n;

/** A whole number from 0: a safe JSON number, or a decimal string up to 2^63-1. */
export function isQuantity(value: unknown): value is string | number {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0;
  return typeof value === 'string' && decimal.test(value) && BigInt(value) <= quantityMax;
}

const shown = (name: string): string => (name.length > 40 ? `${name.slice(0, 40)}…` : name);
