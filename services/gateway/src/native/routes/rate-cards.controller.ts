import { Body, Controller, Get, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { BillingQueries } from '@tollgate/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { instant } from '../../http-kit/instant-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { textOf } from '../../http-kit/text-shape.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import { docs } from './rate-cards.docs.ts';

const NewRateCard = z
  .object({
    name: textOf(128).default('default'),
    content: z.record(z.string(), z.unknown()),
    effective_from: instant.optional(),
  })
  .meta({ example: { name: 'default', content: { profit_percent: 20 } } });
type NewRateCard = z.output<typeof NewRateCard>;
const RateCardsQuery = z.object({ name: textOf(128).optional() });
type RateCardsQuery = z.output<typeof RateCardsQuery>;

@ApiTags('catalog')
@Controller('api/admin/catalog/rate-cards')
export class RateCardsController {
  readonly #billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.#billing = billing;
  }

  @Get()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.list)
  async list(@Query({ schema: RateCardsQuery }) { name }: RateCardsQuery): Promise<unknown> {
    return {
      items: await this.#billing.listCatalog({ catalog: 'rate-card', ...(name === undefined ? {} : { name }) }),
    };
  }

  @Post()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.publish)
  async publish(
    @Body({ schema: NewRateCard }) body: NewRateCard,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { key } = callerOf(request);
    const { name, content, effective_from: from } = body;
    const version = await this.#billing.publishCatalog({
      catalog: 'rate-card',
      name,
      content,
      ...(from === undefined ? {} : { effective_from: from }),
      ...(key === undefined ? {} : { key }),
    });
    void reply.code(201).send(version);
  }
}
