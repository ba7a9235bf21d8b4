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
import { CatalogVersion, CatalogVersions } from './answer-shapes.ts';

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

const cardExample = {
  catalog: 'rate-card',
  name: 'default',
  version: 2,
  effective_from: '2026-12-01T00:00:00.000Z',
  content: { profit_percent: 20 },
  published_at: '2026-11-21T12:00:00.000Z',
  status: 'booked',
};

@ApiTags('catalog')
@Controller('api/admin/catalog/rate-cards')
export class RateCardsController {
  private readonly billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.billing = billing;
  }

  @Get()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Rate cards, every version, newest first',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: CatalogVersions,
    example: { items: [cardExample] },
  })
  async list(@Query({ schema: RateCardsQuery }) { name }: RateCardsQuery): Promise<unknown> {
    return { items: await this.billing.listCatalog({ catalog: 'rate-card', ...(name === undefined ? {} : { name }) }) };
  }

  @Post()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Publishes the next version of a rate card',
    auth: 'admin',
    asks: 'billing',
    status: 201,
    once: true,
    answer: CatalogVersion,
    example: cardExample,
    description:
      'content: `{profit_percent?, meters?: {<event type>: {rates: {<model>|"*": {<quantity>: "n/d"}}, ' +
      'profit?}}}`. A model takes input_tokens and ' +
      'output_tokens, where its row does not name them, from the row `*`, and that from the built-in card; any ' +
      'other count above 0 that has no rate is refused ' +
      'with QUANTITY_UNPRICED: "0" says that it is free. A version is immutable and in force from ' +
      'effective_from (default: now) in every partition. Answers once all have booked it; ' +
      'status "pending" says that some had not within the wait, and will.',
    errors: ['CATALOG_INVALID', 'CATALOG_CONFLICT'],
  })
  async publish(
    @Body({ schema: NewRateCard }) body: NewRateCard,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { key } = callerOf(request);
    const { name, content, effective_from: from } = body;
    const version = await this.billing.publishCatalog({
      catalog: 'rate-card',
      name,
      content,
      ...(from === undefined ? {} : { effective_from: from }),
      ...(key === undefined ? {} : { key }),
    });
    void reply.code(201).send(version);
  }
}
