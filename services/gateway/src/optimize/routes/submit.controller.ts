import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { LedgerQueries, Optimizer, QuotaQueries, QuotaView, SpooledFile } from '@tollgate/contracts';
import type { Clock } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { addressOf } from '../../http-kit/address.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { failureOfProblem, sendRefusal } from '../../http-kit/refusal.ts';
import { inject } from '../../http-kit/tokens.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import type { ImageSubmit, Submitted as SubmitOutcome } from '../app/image-submits.ts';
import { ImageSubmits } from '../app/image-submits.ts';
import { UploadSlots } from '../app/upload-slots.ts';
import { chargeOf, megabytes, shownName, usage } from '../domain/optimize.ts';
import { activationKeyOf, headerKey, validQuota } from './activation-key.ts';
import type { Form } from './form.ts';
import { isMultipart, readForm } from './form.ts';
import { docs } from './submit.docs.ts';

const qualityDefault = 80;
const trueTexts = new Set(['1', 'true', 'on', 'yes']);
const falseTexts = new Set(['', '0', 'false', 'off', 'no']);

const form = {
  schema: {
    type: 'object' as const,
    required: ['file'],
    example: { file: '(bytes of the image)', quality: 80, generate_webp: true },
    properties: {
      file: { type: 'string' as const, format: 'binary', description: 'JPEG, PNG, WebP or GIF of up to 20 MB' },
      quality: { type: 'integer' as const, minimum: 1, maximum: 100, default: qualityDefault },
      generate_webp: { type: 'boolean' as const, default: false },
      token: { type: 'string' as const, description: 'where the header X-Token is not sent' },
    },
  },
};

@ApiTags('optimize')
@Controller('api/optimize')
export class SubmitController {
  readonly #submits: ImageSubmits;
  readonly #quota: QuotaQueries;
  readonly #optimizer: Optimizer;
  readonly #ledger: LedgerQueries;
  readonly #clock: Clock;
  readonly #slots = new UploadSlots();

  constructor(
    submits: ImageSubmits,
    @inject.quota() quota: QuotaQueries,
    @inject.optimizer() optimizer: Optimizer,
    @inject.ledger() ledger: LedgerQueries,
    @inject.clock() clock: Clock,
  ) {
    this.#submits = submits;
    this.#quota = quota;
    this.#optimizer = optimizer;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  @Post('submit')
  @HttpCode(202)
  @ApiConsumes('multipart/form-data')
  @ApiBody(form)
  @documented(docs.submit)
  async submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const leave = this.#slots.enter({ address: addressOf(request), token: headerKey(request) });
    const id = ImageSubmits.newId();
    const kept = { file: false, handedOver: false };
    try {
      const { submitted, quota, size } = await this.#take({ request, id, kept });
      if (submitted.outcome === 'refused') return await this.#refuse({ request, reply, quota, size, submitted });
      if (submitted.replayed) void reply.header('idempotent-replay', 'true');
      void reply.code(202).send({ success: true, data: submitted.answer });
    } finally {
      leave();
      // Discards a file that was not submitted. Any that this misses is removed within an hour.
      if (kept.file && !kept.handedOver) await this.#optimizer.discard(id).catch(() => undefined);
    }
  }

  /** Checks in the surface's order: credentials, file, other fields, quota. */
  async #take({
    request,
    id,
    kept,
  }: {
    request: FastifyRequest;
    id: string;
    kept: { file: boolean; handedOver: boolean };
  }): Promise<{
    readonly submitted: SubmitOutcome;
    readonly quota: QuotaView;
    readonly size: number;
  }> {
    const caller = callerOf(request);
    const early = headerKey(request);
    const checked = early === null ? null : await validQuota(this.#quota, early);
    if (!isMultipart(request)) {
      activationKeyOf(request);
      throw new AppError('invalid', 'VALIDATION_FAILED', 'The image is sent as multipart/form-data in the field file');
    }
    const read = await readForm(request, async (bytes) => {
      const spooled = await this.#optimizer.spool(id, bytes);
      kept.file = true;
      return spooled;
    });
    const token = early ?? activationKeyOf(request, read.fields);
    const quota = checked ?? (await validQuota(this.#quota, token));
    // No image is inspected before its sender is known.
    if (read.file?.taken.status === 'fulfilled')
      await this.#slots.inspect(addressOf(request), () => this.#optimizer.stage(id));
    const submit = submitOf({ id, quota, form: read });
    const repeated = await this.#submits.repeated(submit, caller.key);
    if (repeated !== null) return { submitted: repeated, quota, size: submit.size };
    if (BigInt(quota.quota_bytes) <= 0n)
      throw new AppError('refused', 'QUOTA_UNAVAILABLE', 'No quota is available for this token');
    const unaffordable = await this.#openFor({ token, quota, size: submit.size });
    if (unaffordable !== null) return { submitted: unaffordable, quota, size: submit.size };
    kept.handedOver = true;
    const submitted = await this.#submits.submit(submit, caller.key);
    // Another request with the same key was first: this file is not needed.
    kept.handedOver = submitted.outcome === 'accepted' && submitted.answer.task_id === id;
    return { submitted, quota, size: submit.size };
  }

  /** A token's account is opened by its first paid image. A token that cannot pay is refused without opening one. */
  async #openFor({
    token,
    quota,
    size,
  }: {
    readonly token: string;
    readonly quota: QuotaView;
    readonly size: number;
  }): Promise<SubmitOutcome | null> {
    if (quota.opened) return null;
    const asked = chargeOf(size);
    const { account, quota_bytes: limit } = quota;
    if (asked > BigInt(limit)) {
      const refusal = { account, limit, asked: String(asked), available: limit };
      return {
        outcome: 'refused',
        problem: { code: 'ALLOWANCE_EXHAUSTED', detail: 'the quota does not suffice', refusal },
      };
    }
    await validQuota(this.#quota, token, { use: true });
    return null;
  }

  async #refuse(refused: {
    request: FastifyRequest;
    reply: FastifyReply;
    quota: QuotaView;
    size: number;
    submitted: Extract<SubmitOutcome, { outcome: 'refused' }>;
  }): Promise<void> {
    const {
      request,
      reply,
      quota,
      size,
      submitted: { problem },
    } = refused;
    const failure = failureOfProblem(problem, this.#clock.nowMs());
    if (problem.code !== 'ALLOWANCE_EXHAUSTED' && problem.code !== 'LIMIT_EXCEEDED')
      return sendRefusal(request, reply, failure);
    const account = await this.#ledger.account({ id: quota.account });
    const limit = BigInt(problem.refusal?.limit ?? quota.quota_bytes);
    const { limit_mb, used_mb, remaining_mb } = usage({ limit, used: BigInt(account?.used ?? '0') });
    const quotaInfo = { limit_mb, used_mb, remaining_mb, requested_mb: megabytes(chargeOf(size)) };
    sendRefusal(request, reply, {
      status: 429,
      code: 'QUOTA_EXCEEDED',
      detail: 'Quota exceeded',
      fields: { quota_info: quotaInfo },
    });
  }
}

/**
 * @throws AppError('invalid', FILE_TOO_LARGE | FILE_INVALID | VALIDATION_FAILED), and what else kept the file from
 * being taken.
 */
function submitOf({
  id,
  quota,
  form: { fields, file },
}: {
  id: string;
  quota: QuotaView;
  form: Form<SpooledFile>;
}): ImageSubmit {
  if (file === null) throw new AppError('invalid', 'VALIDATION_FAILED', 'The field file is required');
  if (file.taken.status === 'rejected') throw file.taken.reason;
  const { size, sha256 } = file.taken.value;
  const quality = fields['quality'] ?? '';
  if (quality !== '' && !/^(100|[1-9]\d?)$/.test(quality))
    throw new AppError('invalid', 'VALIDATION_FAILED', 'quality must be a whole number from 1 to 100');
  const webp = (fields['generate_webp'] ?? '').toLowerCase();
  if (!trueTexts.has(webp) && !falseTexts.has(webp))
    throw new AppError('invalid', 'VALIDATION_FAILED', 'generate_webp must be true or false');
  return {
    id,
    account: quota.account,
    name: shownName(file.name),
    size,
    sha256,
    quality: quality === '' ? qualityDefault : Number(quality),
    webp: trueTexts.has(webp),
    quotaFetchedAt: quota.fetched_at,
  };
}
