import { Body, Controller, Delete, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AppError } from '@tollgate/kernel';

import { documented } from '../../http-kit/openapi/documented.ts';
import type { StoredKey } from '../app/server-keys.ts';
import { ServerKeys } from '../app/server-keys.ts';
import { guarded } from './access.guard.ts';
import { NewApiKey, RotateApiKey, rotateDefaultS } from './api-key-shapes.ts';
import { docs } from './api-keys.docs.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

@ApiTags('server keys')
@Controller('v1/api-keys')
export class ApiKeysController {
  readonly #keys: ServerKeys;

  constructor(keys: ServerKeys) {
    this.#keys = keys;
  }

  @Post()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.create)
  async create(@Body({ schema: NewApiKey }) body: NewApiKey): Promise<unknown> {
    const {
      name = null,
      scopes,
      rate_limit_per_s: rateLimitPerS = null,
      account = null,
      expires_at: expiresAt = null,
    } = body;
    const { key, stored } = await this.#keys.create({ name, scopes, rateLimitPerS, account, expiresAt });
    return { ...shown(stored), key };
  }

  @Post(':id/rotate')
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.rotate)
  async rotate(@Param('id') id: string, @Body({ schema: RotateApiKey }) body: RotateApiKey): Promise<unknown> {
    const rotated = uuid.test(id)
      ? await this.#keys.rotate(id, { overlapS: body?.overlap_s ?? rotateDefaultS, expiresAt: body?.expires_at })
      : null;
    if (rotated === null) throw unknownKey();
    return { ...shown(rotated.stored), key: rotated.key };
  }

  @Get()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.list)
  async list(): Promise<unknown> {
    return { items: (await this.#keys.list()).map(shown) };
  }

  @Delete(':id')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.revoke)
  async revoke(@Param('id') id: string): Promise<unknown> {
    const revoked = uuid.test(id) ? await this.#keys.revoke(id) : null;
    if (revoked === null) throw unknownKey();
    return { ...shown(revoked), revoked_at: revoked.revokedAt };
  }
}

const unknownKey = (): AppError => new AppError('not_found', 'KEY_UNKNOWN', 'there is no such key');

const shown = ({ id, name, scopes, rateLimitPerS, account, expiresAt, lastUsedAt, createdAt }: StoredKey): object => ({
  id,
  name,
  scopes,
  rate_limit_per_s: rateLimitPerS,
  account,
  expires_at: expiresAt,
  last_used_at: lastUsedAt,
  created_at: createdAt,
});
