import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../app/requests.ts';

/** 1–255 printable ASCII characters. */
const keyPattern = /^[\u0020-\u007e]{1,255}$/;
const correlationPattern = /^[\u0021-\u007e]{1,128}$/;

/** Idempotency key and correlation id of a request. @throws AppError('invalid', REQUEST_INVALID) for an unusable key. */
export function callerOf(request: FastifyRequest): Caller {
  const { headers } = request;
  const key = headers['idempotency-key'];
  const correlation = headers['x-correlation-id'];
  if (key === undefined && correlation === undefined) return anonymous;
  if (key !== undefined && (typeof key !== 'string' || !keyPattern.test(key))) {
    throw new AppError('invalid', 'REQUEST_INVALID', 'an Idempotency-Key has 1 to 255 printable ASCII characters');
  }
  return { key, correlation: correlation === undefined ? undefined : request.id };
}

const anonymous: Caller = {};

let count = 0;
const boot = Date.now().toString(36);

/** The client's correlation id when it is usable, else one of ours. */
export function correlationIdOf(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  const given = headers['x-correlation-id'];
  if (typeof given === 'string' && correlationPattern.test(given)) return given;
  count += 1;
  return `${boot}-${count.toString(36)}`;
}
