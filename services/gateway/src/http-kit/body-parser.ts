import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';

import { AppError, isStorableJson } from '@tollgate/kernel';
import type { FastifyInstance } from 'fastify';

/** Maximum size of a body: 1 MiB; of a batch of events 8 MiB. */
export const bodyMax = 1_048_576;
export const batchBodyMax = 8 * 1_048_576;
const depthMax = 64;

const structuredEvent = 'application/cloudevents+json';
const eventBatch = 'application/cloudevents-batch+json';

/** Prefix of routes that get the body as bytes, because signatures cover the bytes. */
const signedPrefix = '/api/webhooks/';

/** Accepts JSON only; other content types are answered 415. An empty body is accepted. */
export function registerBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addHook('onSend', async (request, reply, payload) => {
    if (reply.statusCode === 413) await drained(request.raw);
    return payload;
  });
  registerForms(fastify);
  const types = [
    ['application/json', bodyMax],
    [structuredEvent, bodyMax],
    [eventBatch, batchBodyMax],
  ] as const;
  for (const [type, bodyLimit] of types) {
    fastify.addContentTypeParser(type, { parseAs: 'buffer', bodyLimit }, (request, body, done) => {
      try {
        done(null, request.url.startsWith(signedPrefix) ? body : parseBody(body as Buffer));
      } catch (error) {
        done(error as Error);
      }
    });
  }
}

/**
 * Only the optimize surface accepts forms. Its routes read multipart bodies as a stream.
 * `application/x-www-form-urlencoded`, under which the seed document sends JSON, is parsed as JSON if possible, else as
 * form fields.
 */
function registerForms(fastify: FastifyInstance): void {
  const refuseElsewhere = (url: string): Error | null =>
    url.startsWith('/api/optimize/')
      ? null
      : new AppError('invalid', 'MEDIA_TYPE_UNSUPPORTED', 'this route does not accept the content type; send JSON');
  fastify.addContentTypeParser('multipart/form-data', (request, _payload, done) =>
    done(refuseElsewhere(request.url), undefined),
  );
  fastify.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer', bodyLimit: bodyMax },
    (request, body, done) => {
      const fault = refuseElsewhere(request.url);
      try {
        done(fault, fault === null ? parseForm(body as Buffer) : undefined);
      } catch (error) {
        done(error as Error);
      }
    },
  );
}

function parseForm(body: Buffer): unknown {
  if (body.length === 0 || /^\s*[{["]/.test(body.toString('latin1', 0, 64))) return parseBody(body);
  if (!body.includes('='))
    throw new AppError('invalid', 'BODY_MALFORMED', 'the body is not a form: no field has a value');
  const fields: unknown = Object.fromEntries(new URLSearchParams(body.toString('utf8')));
  if (!isStorableJson(fields, 1))
    throw new AppError('invalid', 'BODY_MALFORMED', 'the body has a NUL character or a lone surrogate');
  return fields;
}

/** Bounds for reading on after a body was refused, so that the sender receives the answer. */
const drainMs = 2_000;
const drainBytesMax = 32 * 1_048_576;

/**
 * Reads a refused body to its end before the answer is sent and the connection closed. A sender that is still writing
 * would otherwise see a broken pipe instead of 413. Bounded in time and bytes.
 */
function drained(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, drainMs);
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > drainBytesMax) resolve();
    });
    for (const event of ['end', 'error', 'close']) request.once(event, () => resolve());
    void timer.unref();
  });
}

/**
 * The parsed body; an empty one is `undefined`.
 * @throws AppError('invalid', BODY_MALFORMED) for broken UTF-8 or JSON, nesting deeper than 64, NUL and lone
 * surrogates.
 */
function parseBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  let value: unknown;
  try {
    value = isUtf8(body) ? JSON.parse(body.toString('utf8')) : JSON.parse('');
  } catch {
    throw new AppError('invalid', 'BODY_MALFORMED', 'the body is not valid JSON in UTF-8');
  }
  if (!isStorableJson(value, depthMax)) {
    throw new AppError(
      'invalid',
      'BODY_MALFORMED',
      isTooDeep(value, depthMax)
        ? `the body is nested deeper than ${depthMax} levels`
        : 'the body has a NUL character or a lone surrogate',
    );
  }
  return value;
}

function isTooDeep(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  return Object.values(value).some((item) => isTooDeep(item, depth - 1));
}
