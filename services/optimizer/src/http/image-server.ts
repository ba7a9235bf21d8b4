import { Readable } from 'node:stream';

import type { Optimizer, OptimizeTask } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { Logger } from '@tollgate/service-kit';
import { isSignedRequest, signatureHeader } from '@tollgate/service-kit';
import type { FastifyReply } from 'fastify';
import { fastify } from 'fastify';
import { z } from 'zod';

export type ImageServer = { readonly port: number; close(): Promise<void> };

const Task = z.object({
  owner: z.string().min(1).max(64),
  name: z.string().max(1_000),
  quality: z.number().int().min(1).max(100),
  webp: z.boolean(),
});
type WithId = { Params: { id: string } };
type WithFile = { Params: { id: string; which: string } };
const statuses: Partial<Record<AppError['kind'], number>> = { invalid: 422, unavailable: 503 };

/**
 * Serves the optimizer to other processes: streams of bytes, every request signed with SERVICE_SECRET. Uses plain
 * fastify, because it has only a few routes.
 */
export async function startImageServer(options: {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly optimizer: Optimizer;
  readonly logger: Logger;
}): Promise<ImageServer> {
  const { optimizer, secret, logger } = options;
  const server = fastify({ forceCloseConnections: true, requestTimeout: 120_000 });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  server.addContentTypeParser('application/json', { parseAs: 'string' }, server.getDefaultJsonParser('error', 'error'));
  server.addHook('onRequest', async (request, reply) => {
    if (isSignedRequest(secret, { method: request.method, path: request.url }, request.headers[signatureHeader]))
      return;
    logger.warn({ method: request.method }, 'a request was refused: it was not signed with SERVICE_SECRET');
    await reply.code(401).send({ kind: 'invalid', code: 'CREDENTIALS_INVALID', message: 'the request is not signed' });
  });
  server.setErrorHandler((error, _request, reply) => {
    if (error instanceof AppError && statuses[error.kind] !== undefined) {
      return reply
        .code(statuses[error.kind] ?? 500)
        .send({ kind: error.kind, code: error.code, message: error.message });
    }
    logger.error({ err: error }, 'a request failed');
    return reply
      .code(500)
      .send({ kind: 'unavailable', code: 'OPTIMIZER_UNAVAILABLE', message: 'the optimizer failed' });
  });
  const orNone = (reply: FastifyReply, value: unknown): unknown => (value === null ? reply.code(404).send() : value);

  server.put<WithId>('/images/:id', { bodyLimit: Number.MAX_SAFE_INTEGER }, (request) =>
    optimizer.spool(request.params.id, request.body as Readable),
  );
  server.post<WithId>('/images/:id/stage', (request) => optimizer.stage(request.params.id));
  server.delete<WithId>('/images/:id', async (request, reply) => {
    await optimizer.discard(request.params.id);
    return reply.code(204).send();
  });
  server.post<WithId>('/images/:id/task', async (request, reply) => {
    const task: OptimizeTask = { id: request.params.id, ...Task.parse(request.body) };
    return orNone(reply, await optimizer.start(task));
  });
  server.get<WithId>('/images/:id/task', async (request, reply) =>
    orNone(reply, await optimizer.task(request.params.id)),
  );
  server.get<WithFile>('/images/:id/files/:which', async (request, reply) => {
    const { id, which } = request.params;
    const file = which === 'optimized' || which === 'webp' ? await optimizer.file(id, which) : null;
    if (file === null) return reply.code(404).send();
    return reply
      .header('content-length', file.size)
      .type(file.type)
      .send(Readable.from(file.bytes, { objectMode: false }));
  });

  server.get('/failed', () => optimizer.failed());
  server.put<WithId>('/images/:id/charge-returned', async (request, reply) => {
    await optimizer.chargeReturned(request.params.id);
    return reply.code(204).send();
  });

  await server.listen({ host: options.host, port: options.port });
  const address = server.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () => server.close(),
  };
}
