import { fromWireRequest } from '@tollgate/contracts';
import { isText } from '@tollgate/kernel';

import type { Cause } from '../entry.ts';
import { readCommand } from './read-command.ts';
import { parseTime, refuse } from './read-fields.ts';
import type { Request } from './request.ts';

/**
 * Reads the value of a record.
 * @throws AppError('invalid') with the reason: a poison record, or a malformed request, which is refused to its caller.
 */
export function readRequest(value: string, recordMs: number): Request {
  const wire = fromWireRequest(value);
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
