import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

import { addressOf } from '../../http-kit/address.ts';
import type { Caller } from '../../ledger-client/app/requests.ts';
import type { Principal } from '../app/access.ts';

type Admitted = { readonly principal?: Principal };

/** 1–255 printable ASCII characters. */
const keyPattern = /^[\u0020-\u007e]{1,255}$/;

/**
 * Idempotency key, correlation id and class of the caller; behind the guard.
 * @throws AppError('invalid', REQUEST_INVALID) for an invalid key.
 */
export function callerOf(request: FastifyRequest): Caller {
  const { headers } = request;
  const key = headers['idempotency-key'];
  const { principal } = request as Admitted;
  const user = principal?.type === 'user' && !principal.admin;
  if (key !== undefined && (typeof key !== 'string' || !keyPattern.test(key))) {
    throw new AppError('invalid', 'REQUEST_INVALID', 'an Idempotency-Key has 1 to 255 printable ASCII characters');
  }
  return { key, user, correlation: request.id };
}

/** Like `callerOf`, with the actor and the address of an administrative request. */
export function actorOf(request: FastifyRequest): Caller & { readonly actor: string; readonly address: string } {
  return { ...callerOf(request), actor: nameOf(request), address: addressOf(request) };
}

/** `<name> (user <id>)` or `<name> (key <id>)`; the name is an e-mail address or a key's name, where there is one. */
function nameOf(request: FastifyRequest): string {
  const { principal } = request as Admitted;
  if (principal === undefined) return 'nobody';
  const id = principal.type === 'user' ? `user ${principal.userId}` : `key ${principal.keyId}`;
  return principal.name === undefined || principal.name === null ? id : `${principal.name} (${id})`;
}
