import { Body, Controller, Delete, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AppError } from '@tollgate/kernel';

import { documented } from '../../http-kit/openapi/documented.ts';
import { ApiKeys, NewKey, RevokedKey } from '../../native/routes/answer-shapes.ts';
import { NewApiKey, RotateApiKey, rotateDefaultS } from '../../native/routes/shapes.ts';
import type { StoredKey } from '../app/server-keys.ts';
import { ServerKeys } from '../app/server-keys.ts';
import { guarded } from './access.guard.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const keyExample = {
  id: '7d0f2c1a-52a7-4f43-9a57-0d2cf8a4a6c1',
  name: 'search service',
  scopes: ['events:write'],
  rate_limit_per_s: null,
  account: 'acme',
  expires_at: null,
  last_used_at: '2026-11-21T12:30:00.000Z',
  created_at: '2026-11-21T12:00:00.000Z',
};

@ApiTags('server keys')
@Controller('v1/api-keys')
export class ApiKeysController {
  private readonly keys: ServerKeys;

  constructor(keys: ServerKeys) {
    this.keys = keys;
  }

  @Post()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Makes a server key, shown this once',
    auth: 'admin',
    status: 201,
    answer: NewKey,
    example: { ...keyExample, key: 'tg_…' },
    errors: ['TIME_OUT_OF_RANGE'],
    description:
      'With `account` the key works for that account and those below it only, on the routes that are about one ' +
      'account. `expires_at` ends it.',
  })
  async create(@Body({ schema: NewApiKey }) body: NewApiKey): Promise<unknown> {
    const {
      name = null,
      scopes,
      rate_limit_per_s: rateLimitPerS = null,
      account = null,
      expires_at: expiresAt = null,
    } = body;
    const { key, stored } = await this.keys.create({ name, scopes, rateLimitPerS, account, expiresAt });
    return { ...shown(stored), key };
  }

  @Post(':id/rotate')
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Makes a successor with the same rights, shown this once; the key itself ends after the overlap',
    auth: 'admin',
    status: 201,
    answer: NewKey,
    description:
      'The overlap is a day unless `overlap_s` says otherwise; the successor ends when the key would have, ' +
      'unless `expires_at` says otherwise.',
    example: { ...keyExample, key: 'tg_…' },
    errors: ['KEY_UNKNOWN', 'TIME_OUT_OF_RANGE'],
  })
  async rotate(@Param('id') id: string, @Body({ schema: RotateApiKey }) body: RotateApiKey): Promise<unknown> {
    const rotated = uuid.test(id)
      ? await this.keys.rotate(id, { overlapS: body?.overlap_s ?? rotateDefaultS, expiresAt: body?.expires_at })
      : null;
    if (rotated === null) throw unknownKey();
    return { ...shown(rotated.stored), key: rotated.key };
  }

  @Get()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Server keys in force',
    auth: 'admin',
    status: 200,
    answer: ApiKeys,
    example: { items: [keyExample] },
  })
  async list(): Promise<unknown> {
    return { items: (await this.keys.list()).map(shown) };
  }

  @Delete(':id')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Revokes a server key',
    auth: 'admin',
    status: 200,
    answer: RevokedKey,
    example: { ...keyExample, revoked_at: '2026-11-21T13:00:00.000Z' },
    errors: ['KEY_UNKNOWN'],
  })
  async revoke(@Param('id') id: string): Promise<unknown> {
    const revoked = uuid.test(id) ? await this.keys.revoke(id) : null;
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
