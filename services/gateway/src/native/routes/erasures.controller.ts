import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';

import { documented } from '../../http-kit/openapi/documented.ts';
import { textOf, userIdText } from '../../http-kit/text-shape.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { accountIdMax } from '../../shared/domain/account-id.ts';
import { Erasures } from '../app/erasures.ts';
import { docs } from './erasures.docs.ts';
const NewErasure = z
  .object({ account: textOf(accountIdMax).optional(), user: userIdText.optional() })
  .refine(({ account, user }) => (account === undefined) !== (user === undefined), {
    error: 'give either an account or a user',
  })
  .meta({ example: { user: 'user-123' } });
type NewErasure = z.output<typeof NewErasure>;

/** Erases details and keeps what was booked (rule 29). */
@ApiTags('erasure')
@Controller('v1/erasures')
export class ErasuresController {
  readonly #erasures: Erasures;

  constructor(erasures: Erasures) {
    this.#erasures = erasures;
  }

  @Post()
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.post)
  post(@Body({ schema: NewErasure }) body: NewErasure): Promise<unknown> {
    return this.#erasures.erase(body.user === undefined ? { account: body.account ?? '' } : { user: body.user });
  }
}
