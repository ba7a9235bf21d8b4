import { AppError } from '@tollgate/kernel';
import type { FastifyRequest } from 'fastify';

const prefix = 'ce-';

/**
 * A CloudEvent in binary mode: attributes in `ce-` headers (percent-encoded where not ASCII), data in the body. null:
 * the request has none of those headers. @throws AppError('invalid', EVENT_MALFORMED) for a header that cannot be
 * decoded.
 */
export function binaryEvent({ headers, body }: FastifyRequest): Record<string, unknown> | null {
  if (headers['ce-specversion'] === undefined && headers['ce-id'] === undefined && headers['ce-type'] === undefined)
    return null;
  const event: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(prefix) && typeof value === 'string') event[name.slice(prefix.length)] = decoded(name, value);
  }
  return body === undefined ? event : { ...event, data: body };
}

function decoded(name: string, value: string): string {
  try {
    const text = decodeURIComponent(value);
    // NUL and lone surrogates cannot arrive in a header but percent-encoded.
    if (!text.includes('\u0000')) return text;
  } catch {
    // Said below, for both.
  }
  throw new AppError('invalid', 'EVENT_MALFORMED', `the header ${name} is not valid percent-encoded UTF-8`);
}
