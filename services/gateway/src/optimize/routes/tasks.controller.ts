import { Readable } from 'node:stream';

import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Optimizer, OptimizeTaskView, QuotaQueries } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { ownerOf } from '../app/image-submits.ts';
import { activationKeyOf, validQuota } from './activation-key.ts';
import { docs } from './tasks.docs.ts';

const taskId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

@ApiTags('optimize')
@Controller('api/optimize')
export class TasksController {
  readonly #quota: QuotaQueries;
  readonly #optimizer: Optimizer;

  constructor(@inject.quota() quota: QuotaQueries, @inject.optimizer() optimizer: Optimizer) {
    this.#quota = quota;
    this.#optimizer = optimizer;
  }

  @Get('status/:taskId')
  @documented(docs.status)
  async status(@Param('taskId') id: string, @Req() request: FastifyRequest): Promise<unknown> {
    return { success: true, data: shownTask(await this.#find(id, request)) };
  }

  @Get('download/:taskId')
  @documented(docs.download)
  download(@Param('taskId') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#send({ id, which: 'optimized', request, reply });
  }

  @Get('download/:taskId/webp')
  @documented(docs.webp)
  webp(@Param('taskId') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#send({ id, which: 'webp', request, reply });
  }

  /** For other tokens a task does not exist. */
  async #find(id: string, request: FastifyRequest): Promise<OptimizeTaskView> {
    const { account } = await validQuota(this.#quota, activationKeyOf(request));
    const task = taskId.test(id) ? await this.#optimizer.task(id) : null;
    if (task === null || task.owner !== ownerOf(account)) throw unknownTask();
    if (task.status === 'expired') throw expiredTask();
    return task;
  }

  async #send(asked: {
    id: string;
    which: 'optimized' | 'webp';
    request: FastifyRequest;
    reply: FastifyReply;
  }): Promise<void> {
    const { id, which, request, reply } = asked;
    const task = await this.#find(id, request);
    if (task.status === 'pending') throw new AppError('conflict', 'TASK_NOT_READY', 'The image is not optimised yet');
    if (task.status === 'failed')
      throw new AppError('conflict', 'TASK_FAILED', task.error ?? 'The image could not be optimised');
    if (which === 'webp' && task.webp_size === null)
      throw new AppError('not_found', 'TASK_UNKNOWN', 'There is no WebP version of this image');
    const file = await this.#optimizer.file(id, which);
    if (file === null) throw expiredTask();
    void reply
      .code(200)
      .headers({
        'content-type': file.type,
        'content-length': file.size,
        'content-disposition': disposition(task, which),
        'x-content-type-options': 'nosniff',
        'cache-control': 'private, no-store',
      })
      .send(Readable.from(file.bytes, { objectMode: false }));
  }
}

const unknownTask = (): AppError => new AppError('not_found', 'TASK_UNKNOWN', 'Task not found');
const expiredTask = (): AppError => new AppError('not_found', 'TASK_EXPIRED', 'Task has expired');

/** The client's file name with the extension of the sent format. The second form is RFC 6266's for non-ASCII names. */
function disposition({ name, format }: OptimizeTaskView, which: 'optimized' | 'webp'): string {
  const ending = which === 'webp' ? 'webp' : format === 'jpeg' ? 'jpg' : format;
  const full = `${name.replace(/\.[^.]{1,5}$/, '') || 'image'}.${ending}`;
  const encoded = encodeURIComponent(full).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${full.replace(/[^\w .-]/g, '_')}"; filename*=UTF-8''${encoded}`;
}

function shownTask(task: OptimizeTaskView): Record<string, unknown> {
  const { id, status, name, size, format } = task;
  const shownFile = (bytes: number | null, type: string, path: string): Record<string, unknown> | null =>
    bytes === null
      ? null
      : { format: type, size: bytes, saved_percent: Math.round((1 - bytes / size) * 1_000) / 10, download_url: path };
  return {
    task_id: id,
    status,
    original_file: { name, size },
    optimized_file: shownFile(task.optimized_size, format, `/api/optimize/download/${id}`),
    webp_file: shownFile(task.webp_size, 'webp', `/api/optimize/download/${id}/webp`),
    ...(task.error === null ? {} : { error: task.error, charge_returned: task.charge_returned }),
    created_at: task.created_at,
    completed_at: task.completed_at,
    expires_at: task.expires_at,
  };
}
