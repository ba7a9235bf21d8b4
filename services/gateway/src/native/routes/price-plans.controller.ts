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

const planContent = {
  included: '8000000',
  block: '8000000',
  block_price: '12000',
  fixed_fee: '40000',
  currency: 'BRL',
  time_zone: 'America/Sao_Paulo',
  grace_seconds: 3600,
};
const NewPricePlan = z
  .object({
    name: textOf(128).default('default'),
    content: z.record(z.string(), z.unknown()),
    effective_from: instant.optional(),
  })
  .meta({ example: { name: 'default', content: planContent } });
type NewPricePlan = z.output<typeof NewPricePlan>;
const PricePlansQuery = z.object({ name: textOf(128).optional() });
type PricePlansQuery = z.output<typeof PricePlansQuery>;

const planExample = {
  catalog: 'price-plan',
  name: 'default',
  version: 2,
  effective_from: '2026-12-01T00:00:00.000Z',
  content: planContent,
  published_at: '2026-11-21T12:00:00.000Z',
  status: 'booked',
};

@ApiTags('catalog')
@Controller('api/admin/catalog/price-plans')
export class PricePlansController {
  private readonly billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.billing = billing;
  }

  @Get()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Price plans, every version, newest first',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: CatalogVersions,
    example: { items: [planExample] },
  })
  async list(@Query({ schema: PricePlansQuery }) { name }: PricePlansQuery): Promise<unknown> {
    return {
      items: await this.billing.listCatalog({ catalog: 'price-plan', ...(name === undefined ? {} : { name }) }),
    };
  }

  @Post()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Publishes the next version of a price plan',
    auth: 'admin',
    asks: 'billing',
    status: 201,
    once: true,
    answer: CatalogVersion,
    example: planExample,
    description:
      'A version is immutable and in force from effective_from (default: now). A month is priced by the version ' +
      'in force when it began, so ' +
      'a version that takes effect within a month counts from the next one. included and block are units; ' +
      'block_price and fixed_fee minor units ' +
      'of the currency (ISO 4217), multiples of 10 where it has three decimals; months begin in time_zone. ' +
      'Answers once every partition has ' +
      'booked it; status "pending" says that some had not within the wait, and will.',
    errors: ['CATALOG_INVALID', 'CATALOG_CONFLICT'],
  })
  async publish(
    @Body({ schema: NewPricePlan }) body: NewPricePlan,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { key } = callerOf(request);
    const { name, content, effective_from: from } = body;
    const version = await this.billing.publishCatalog({
      catalog: 'price-plan',
      name,
      content,
      ...(from === undefined ? {} : { effective_from: from }),
      ...(key === undefined ? {} : { key }),
    });
    void reply.code(201).send(version);
  }
}
