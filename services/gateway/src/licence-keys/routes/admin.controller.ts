import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Clock, ErrorCode } from '@tollgate/kernel';
import { AppError } from '@tollgate/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { statusOfCode } from '../../http-kit/failure.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { PageQuery } from '../../http-kit/paging.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf } from '../../people-and-keys/routes/caller.ts';
import type { KeyWithState, LicenceKey } from '../app/licence-keys.ts';
import { LicenceKeys } from '../app/licence-keys.ts';
import { isLicenceKey, normalLicenceKey } from '../domain/licence-key.ts';
import { docs } from './admin.docs.ts';
import { AddTokens, CreateKey, CreateKeys, shownKey, StartTrial } from './shapes.ts';
const door = { scope: 'admin' } as const;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

@ApiTags('licence keys: administration')
@Controller('api/admin/license-keys')
export class LicenceKeysAdminController {
  readonly #keys: LicenceKeys;
  readonly #clock: Clock;

  constructor(keys: LicenceKeys, @inject.clock() clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  @Post()
  @UseGuards(guarded(door))
  @documented(docs.create)
  async create(@Body({ schema: CreateKey }) body: CreateKey, @Req() request: FastifyRequest): Promise<unknown> {
    const made = await this.#make(body, request);
    if (made === null) throw new AppError('conflict', 'REQUEST_INVALID', 'License key already exists', { status: 400 });
    return { success: true, message: 'License key created successfully', data: shownKey(made) };
  }

  @Post('bulk')
  @UseGuards(guarded(door))
  @documented(docs.createMany)
  async createMany(@Body({ schema: CreateKeys }) body: CreateKeys, @Req() request: FastifyRequest): Promise<unknown> {
    const { count, ...wanted } = body;
    const made = await Promise.all(Array.from({ length: count }, () => this.#make(wanted, request)));
    // A collision of 125 random bits is practically impossible; it would only shorten the list.
    const keys = made.filter((key) => key !== null).map(shownKey);
    return {
      success: true,
      message: `${keys.length} license keys created successfully`,
      data: { license_keys: keys, count: keys.length },
    };
  }

  @Get()
  @UseGuards(guarded(door))
  @documented(docs.list)
  async list(@Query({ schema: PageQuery }) { page, limit }: PageQuery): Promise<unknown> {
    const { items, total } = await this.#keys.page({ offset: (page - 1) * limit, limit });
    return { success: true, data: { items: items.map(shownKey), pagination: { page, limit, total } } };
  }

  @Get(':id')
  @UseGuards(guarded(door))
  @documented(docs.read)
  async read(@Param('id') id: string): Promise<unknown> {
    return { success: true, data: shownKey(await this.#keys.withState(await this.#find(id))) };
  }

  @Delete(':id')
  @UseGuards(guarded(door))
  @documented(docs.remove)
  async remove(@Param('id') id: string, @Req() request: FastifyRequest): Promise<unknown> {
    await this.#keys.remove(await this.#find(id), actorOf(request));
    return { success: true, message: 'License key deleted successfully' };
  }

  @Post(':license_key/trial')
  @HttpCode(200)
  @UseGuards(guarded(door))
  @documented(docs.trial)
  async trial(
    @Param('license_key') key: string,
    @Body({ schema: StartTrial }) body: StartTrial,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    const trial = { days: body.trial_days, tokens: BigInt(body.token_balance), nowMs: this.#clock.nowMs() };
    const started = await this.#keys.startTrial(await this.#find(key), trial, actorOf(request));
    return { success: true, message: 'Trial started successfully', data: shownKey(started) };
  }

  @Post(':license_key/add-token')
  @HttpCode(200)
  @UseGuards(guarded(door))
  @documented(docs.add)
  async add(
    @Param('license_key') key: string,
    @Body({ schema: AddTokens }) body: AddTokens,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const licence = await this.#find(key);
    const answer = await this.#keys.grant(
      licence,
      { tokens: BigInt(body.token_balance), notes: body.notes || undefined },
      actorOf(request),
    );
    if (answer.outcome === 'refused') {
      const code = answer.problem?.code ?? 'INVARIANT_BROKEN';
      throw new AppError('conflict', code as ErrorCode, answer.problem?.detail ?? 'refused', {
        status: statusOfCode(code),
      });
    }
    if (answer.replayed) void reply.header('idempotent-replay', 'true');
    const data = shownKey(await this.#keys.withState(licence, answer.state));
    void reply.code(200).send({ success: true, message: 'Tokens added successfully', data });
  }

  @Post(':license_key/unassign')
  @HttpCode(200)
  @UseGuards(guarded(door))
  @documented(docs.unassign)
  async unassign(@Param('license_key') key: string, @Req() request: FastifyRequest): Promise<unknown> {
    const freed = await this.#keys.unassign(await this.#find(key), actorOf(request));
    return { success: true, message: 'License key unassigned successfully', data: shownKey(freed) };
  }

  #make(
    body: Omit<CreateKey, 'key'> & { key?: string | undefined },
    request: FastifyRequest,
  ): Promise<KeyWithState | null> {
    const wanted = {
      key: body.key,
      tokens: BigInt(body.token_balance),
      pricePerToken: body.price_per_token === undefined ? undefined : BigInt(body.price_per_token),
    };
    return this.#keys.create(wanted, actorOf(request));
  }

  async #byKey(text: string): Promise<LicenceKey | null> {
    const key = normalLicenceKey(text);
    return isLicenceKey(key) ? this.#keys.byKey(key) : null;
  }

  /** By id or by the key itself. */
  async #find(text: string): Promise<LicenceKey> {
    const found = (uuid.test(text) ? await this.#keys.byId(text) : null) ?? (await this.#byKey(text));
    if (found === null) throw new AppError('not_found', 'KEY_UNKNOWN', 'License key not found');
    return found;
  }
}
