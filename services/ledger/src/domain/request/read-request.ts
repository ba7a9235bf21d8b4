import type { Details, LedgerRequest } from '@tollgate/contracts';
import { hasAtMost, isStorableJson, isStorableText } from '@tollgate/kernel';

import type { Cause } from '../entry.ts';
import { readCommand } from './read-command.ts';
import { isText, parseTime, refuse, sourceMax } from './read-fields.ts';
import type { Request } from './request.ts';

/**
 * A user's id of 255 characters, each percent-encoded, behind its prefix, or 512 of any script; an index of PostgreSQL
 * takes 2,700 bytes.
 */
const accountMax = 800;
const accountBytesMax = 2_400;

/**
 * Reads the value of a record.
 * @throws AppError('invalid') with the reason: a poison record, or a request whose caller is told so.
 */
export function readRequest(value: string, recordMs: number): Request {
  let wire: LedgerRequest;
  try {
    wire = JSON.parse(value) as LedgerRequest;
  } catch {
    return refuse('the record is not JSON');
  }
  if (typeof wire !== 'object' || wire === null || wire.v !== 1)
    return refuse('the record is not a request of version 1');
  if (!isText(wire.source, sourceMax) || !isText(wire.id, 300))
    return refuse(`source is a text of 1 to ${sourceMax} characters, id of 1 to 300`);
  if (typeof wire.account !== 'string' || !isAccount(wire.account)) return refuse('account is not a text');
  if (typeof wire.data !== 'object' || wire.data === null) return refuse('data is an object');
  if (wire.hash !== undefined && !/^[0-9a-f]{32}$/.test(wire.hash)) return refuse('hash is 32 hex digits');
  if (wire.details !== undefined && !areDetails(wire.details)) return refuse('details cannot be stored');
  const cause: Cause = {
    source: wire.source,
    id: wire.id,
    hash: wire.hash ?? null,
    occurredMs: wire.occurred === undefined ? recordMs : parseTime(wire.occurred, 'occurred'),
    details: wire.details ?? null,
  };
  const command = readCommand(wire, recordMs);
  const named = 'hold' in command || 'entry' in command;
  const partitionWide = command.type === 'tick' || command.type === 'clock' || command.type === 'catalog';
  if (!named && !partitionWide && wire.account === '') return refuse('account is missing');
  const correlation = isText(wire.correlation, 128) ? wire.correlation : null;
  return { cause, account: wire.account, keyed: wire.keyed === true, command, correlation };
}

const areDetails = (details: Details | null): boolean =>
  details !== null && isStorableJson(details) && /^[0-9a-f]{32}$/.test(details.salt);

const isAccount = (id: string): boolean =>
  hasAtMost(accountMax, id) &&
  (id.length * 3 <= accountBytesMax || Buffer.byteLength(id) <= accountBytesMax) &&
  isStorableText(id);
