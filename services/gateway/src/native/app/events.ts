import type { Answer, AnswerProblem, EntryView, LedgerQueries, LedgerRequest } from '@tollgate/contracts';
import { requestMeter, usageLabels } from '@tollgate/pricing';

import type { LedgerClient } from '../../ledger-client/app/ledger-client.ts';
import { contentHash } from '../../ledger-client/app/requests.ts';
import { mayBook } from '../../shared/domain/surface-account.ts';
import type { EventFault, MeteredEvent } from '../domain/cloud-event.ts';
import { parseEvent } from '../domain/cloud-event.ts';

export const eventsMax = 1_000;

export type Receipt = { readonly id: string; readonly partition: number; readonly offset: number };
export type Rejected = EventFault & { readonly index: number };
export type Accepted = { readonly receipts: readonly Receipt[]; readonly rejected: readonly Rejected[] };

export type EventResult = {
  readonly id?: string;
  readonly status: 'booked' | 'duplicate' | 'refused';
  readonly entry?: EntryView;
  readonly problem?: AnswerProblem;
};

export type EventOptions = {
  readonly nowMs: number;
  readonly correlation?: string | undefined;
  /** Whether the caller may report usage of an account. */
  readonly mayTouch?: (account: string) => boolean;
};

type EventName = Parameters<LedgerQueries['known']>[0]['events'][number];
type Sorted = {
  readonly requests: readonly LedgerRequest[];
  readonly indexes: readonly number[];
  readonly rejected: readonly Rejected[];
};

/** Validates the events one by one: an invalid event does not block the others. */
export function sortEvents(
  events: readonly unknown[],
  { nowMs, correlation, mayTouch = () => true }: EventOptions,
): Sorted {
  const requests: LedgerRequest[] = [];
  const indexes: number[] = [];
  const rejected: Rejected[] = [];
  for (const [index, raw] of events.entries()) {
    const parsed = parseEvent(raw, nowMs);
    if ('fault' in parsed) {
      rejected.push({ index, ...parsed.fault });
      continue;
    }
    const { id, source, account, meter, inputs, occurred } = parsed.event;
    if (!mayTouch(account)) {
      rejected.push({ index, id, code: 'SCOPE_MISSING', detail: `this key does not work for the account ${account}` });
      continue;
    }
    if (!mayBook(account, `ce:${source}`)) {
      rejected.push({ index, id, code: 'ACCOUNT_ID_RESERVED', detail: `${account} takes no usage` });
      continue;
    }
    requests.push({
      v: 1,
      type: 'spend',
      source: `ce:${source}`,
      id,
      account,
      keyed: true,
      hash: contentHash(meaningOf(parsed.event)),
      ...(occurred === undefined ? {} : { occurred }),
      ...(correlation === undefined ? {} : { correlation }),
      data: { meter, inputs },
    });
    indexes.push(index);
  }
  return { requests, indexes, rejected };
}

/** The identity of an event in the books; for a whole event also the hash of its content. */
export function nameOf(
  event: { readonly subject: string; readonly source: string; readonly id: string; readonly type?: string | undefined },
  nowMs: number,
): EventName {
  const name = { account: event.subject, source: event.source, id: event.id };
  if (event.type === undefined) return name;
  const parsed = parseEvent(event, nowMs);
  return 'fault' in parsed ? name : { ...name, hash: contentHash(meaningOf(parsed.event)) };
}

/**
 * The content of an event that counts: two events that differ in nothing else are the same. Source, id and subject are
 * its identity. Extension attributes, `datacontenttype`, the spelling of times and counts, and classes that counted 0
 * are left out.
 */
function meaningOf({ meter, inputs, occurred }: MeteredEvent): unknown {
  const members = Object.entries(inputs)
    .map(([name, value]) => [name, String(value)] as const)
    .filter(([name, value]) => value !== '0' || meter === requestMeter || usageLabels.has(name));
  return { meter, occurred: occurred ?? null, inputs: Object.fromEntries(members) };
}

/** Appends the valid events. Answers when the log holds them, without waiting for their booking. */
export async function acceptEvents(ledgerClient: LedgerClient, { requests, rejected }: Sorted): Promise<Accepted> {
  const appended = requests.length === 0 ? [] : await ledgerClient.post(requests);
  const receipts = appended.map(({ partition, offset }, at) => ({ id: requests[at]?.id ?? '', partition, offset }));
  return { receipts, rejected };
}

/** Like `acceptEvents`, but waits for every booking. One result per event, in order. */
export async function bookEvents(
  ledgerClient: LedgerClient,
  { requests, indexes, rejected }: Sorted,
): Promise<readonly EventResult[]> {
  const answers = await Promise.all(requests.map((request) => ledgerClient.ask(request)));
  const results: EventResult[] = [];
  for (const [at, answer] of answers.entries()) results[indexes[at] ?? 0] = resultOf(requests[at]?.id ?? '', answer);
  for (const { index, id, code, detail } of rejected) {
    results[index] = { ...(id === undefined ? {} : { id }), status: 'refused', problem: { code, detail } };
  }
  return results;
}

function resultOf(id: string, answer: Answer): EventResult {
  if (answer.outcome === 'refused') {
    const problem = answer.problem ?? {
      code: 'INVARIANT_BROKEN',
      detail: 'the ledger the ledger refused without a reason',
    };
    return { id, status: 'refused', problem };
  }
  return {
    id,
    status: answer.replayed ? 'duplicate' : 'booked',
    ...(answer.entry === undefined ? {} : { entry: answer.entry }),
  };
}
