import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { BillingQueries, EndpointFields } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { docs } from './webhook-endpoints.docs.ts';
import { ChangedEndpoint, DeliveriesQuery, NewEndpoint, Replay, Rotation } from './webhook-shapes.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

@ApiTags('webhooks out')
@Controller('v1/webhook-endpoints')
export class WebhookEndpointsController {
  readonly #billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.#billing = billing;
  }

  @Post()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.create)
  create(@Body({ schema: NewEndpoint }) body: NewEndpoint): Promise<unknown> {
    return this.#billing.createEndpoint({ ...given(body), url: body.url });
  }

  @Get()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.list)
  async list(): Promise<unknown> {
    return { items: await this.#billing.listEndpoints({}) };
  }

  @Get(':id')
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.read)
  read(@Param('id') id: string): Promise<unknown> {
    return known(id, () => this.#billing.readEndpoint({ id }));
  }

  @Patch(':id')
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.change)
  change(@Param('id') id: string, @Body({ schema: ChangedEndpoint }) body: ChangedEndpoint): Promise<unknown> {
    return known(id, () => this.#billing.changeEndpoint({ id, fields: given(body) }));
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.rotate)
  rotate(@Param('id') id: string, @Body({ schema: Rotation }) { overlap_s: overlapS }: Rotation): Promise<unknown> {
    return known(id, () =>
      this.#billing.rotateSecret({ id, ...(overlapS === undefined ? {} : { overlap_s: overlapS }) }),
    );
  }

  @Post(':id/test')
  @HttpCode(202)
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.test)
  test(@Param('id') id: string): Promise<unknown> {
    return known(id, () => this.#billing.testEndpoint({ id }));
  }

  @Delete(':id')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.remove)
  remove(@Param('id') id: string): Promise<unknown> {
    return known(id, () => this.#billing.removeEndpoint({ id }));
  }

  @Get(':id/deliveries')
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.deliveries)
  async deliveries(
    @Param('id') id: string,
    @Query({ schema: DeliveriesQuery }) { limit, status, after }: DeliveriesQuery,
  ): Promise<unknown> {
    const items = await known(id, () =>
      this.#billing.listDeliveries({
        endpoint: id,
        limit,
        ...(status === undefined ? {} : { status }),
        ...(after === undefined ? {} : { after }),
      }),
    );
    return { items, next: items.length === limit ? (items.at(-1)?.id ?? null) : null };
  }

  @Post(':id/replay')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'admin' }))
  @documented(docs.replay)
  replay(@Param('id') id: string, @Body({ schema: Replay }) { delivery, since, status }: Replay): Promise<unknown> {
    return known(id, () =>
      this.#billing.replayDeliveries({
        endpoint: id,
        ...(delivery === undefined ? {} : { delivery }),
        ...(since === undefined ? {} : { since }),
        ...(status === undefined ? {} : { status }),
      }),
    );
  }
}

/** The members that were in the body: absent and null differ. */
function given(body: ChangedEndpoint): Partial<EndpointFields> {
  const { url, events, account_prefix: prefix, balance_below: below, thresholds, description, enabled } = body;
  return {
    ...(url === undefined ? {} : { url }),
    ...(events === undefined ? {} : { events }),
    ...(prefix === undefined ? {} : { account_prefix: prefix }),
    ...(thresholds === undefined ? {} : { thresholds }),
    ...(below === undefined ? {} : { balance_below: below }),
    ...(description === undefined ? {} : { description }),
    ...(enabled === undefined ? {} : { enabled }),
  };
}

async function known<T>(id: string, read: () => Promise<T | null>): Promise<T> {
  const found = uuid.test(id) ? await read() : null;
  if (found === null) throw new AppError('not_found', 'RESOURCE_UNKNOWN', 'there is no such endpoint or delivery');
  return found;
}
