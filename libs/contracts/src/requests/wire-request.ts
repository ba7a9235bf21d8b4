import { AppError, familyOf, hasAtMost, isStorableJson, isStorableText, isText } from '@tollgate/kernel';

import { topics } from '../topics.ts';
import type { Details, LedgerRequest } from './ledger-requests.ts';

/** What gateways let in: a CloudEvent's source has up to 512 characters behind `ce:`. */
export const requestSourceMax = 520;
export const requestIdMax = 300;
/**
 * A user's id of 255 characters, each percent-encoded, behind its prefix, or 512 of any script; an index of PostgreSQL
 * takes 2,700 bytes.
 */
const accountMax = 800;
const accountBytesMax = 2_400;

/** A request as a record of `usage.events.v1`. All accounts of a family have one key. */
export const toWireRequest = (
  request: LedgerRequest,
  partition: number,
): { readonly topic: string; readonly partition: number; readonly key: string; readonly value: string } => ({
  topic: topics.usageEvents,
  partition,
  key: keyOf(request),
  value: JSON.stringify(request),
});

/**
 * Reads what all requests have in common. `data` is for the ledger to read, by the request's type: checked by hand, as
 * every record passes here on its way into the books.
 * @throws AppError('invalid', REQUEST_INVALID): a poison record, or a request whose caller is told the reason.
 */
export function fromWireRequest(value: string): LedgerRequest {
  let wire: LedgerRequest;
  try {
    wire = JSON.parse(value) as LedgerRequest;
  } catch {
    return refuse('the record is not JSON');
  }
  if (typeof wire !== 'object' || wire === null || wire.v !== 1)
    return refuse('the record is not a request of version 1');
  if (!isText(wire.source, requestSourceMax) || !isText(wire.id, requestIdMax))
    return refuse(`source is a text of 1 to ${requestSourceMax} characters, id of 1 to ${requestIdMax}`);
  if (typeof wire.account !== 'string' || !isAccount(wire.account)) return refuse('account is not a text');
  if (typeof wire.data !== 'object' || wire.data === null) return refuse('data is an object');
  if (wire.hash !== undefined && !/^[0-9a-f]{32}$/.test(wire.hash)) return refuse('hash is 32 hex digits');
  if (wire.details !== undefined && !areDetails(wire.details)) return refuse('details cannot be stored');
  return wire;
}

function keyOf(request: LedgerRequest): string {
  if (request.type === 'catalog') return 'catalog';
  if (request.type === 'tick') return '';
  return request.account === '' ? request.id : familyOf(request.account);
}

const refuse = (message: string): never => {
  throw new AppError('invalid', 'REQUEST_INVALID', message);
};

const areDetails = (details: Details | null): boolean =>
  details !== null && isStorableJson(details) && /^[0-9a-f]{32}$/.test(details.salt);

const isAccount = (id: string): boolean =>
  hasAtMost(accountMax, id) &&
  (id.length * 3 <= accountBytesMax || Buffer.byteLength(id) <= accountBytesMax) &&
  isStorableText(id);
