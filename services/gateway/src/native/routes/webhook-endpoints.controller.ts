import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { BillingQueries, EndpointFields } from '@tollgate/contracts';
import { AppError } from '@tollgate/kernel';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import {
  ChangedEndpoint,
  Deliveries,
  DeliveriesQuery,
  deliveryExample,
  Endpoint,
  endpointExample,
  Endpoints,
  MadeEndpoint,
  NewEndpoint,
  Replay,
  Replays,
  RotatedEndpoint,
  Rotation,
  TestSent,
} from './webhook-shapes.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

@ApiTags('webhooks out')
@Controller('v1/webhook-endpoints')
export class WebhookEndpointsController {
  private readonly billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.billing = billing;
  }

  @Post()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Registers a subscriber; its secret is shown this once',
    auth: 'admin',
    asks: 'billing',
    status: 201,
    answer: MadeEndpoint,
    example: { ...endpointExample, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
    errors: ['LIMIT_EXCEEDED'],
    description:
      'From now on each event it asks for is POSTed to its public https address (ALLOW_PRIVATE_WEBHOOKS=1: ' +
      'private ones, and http on this machine), signed after Standard Webhooks ' +
      '(webhook-id, webhook-timestamp, webhook-signature). At least once: ignore a webhook-id that you know. ' +
      'Order is not kept. Anything but 2xx ' +
      'within 15 s is tried again, ten times over about three days; 410 disables the endpoint. balance.low ' +
      'needs balance_below. account.threshold tells that a share of a limit, an ' +
      'allowance or a balance (since its last top-up) is used or held: at each of thresholds, in percent, 80 ' +
      'and 100 by default, once a limit and period.',
  })
  create(@Body({ schema: NewEndpoint }) body: NewEndpoint): Promise<unknown> {
    return this.billing.createEndpoint({ ...given(body), url: body.url });
  }

  @Get()
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Subscribers',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: Endpoints,
    example: { items: [endpointExample] },
  })
  async list(): Promise<unknown> {
    return { items: await this.billing.listEndpoints({}) };
  }

  @Get(':id')
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'One subscriber',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: Endpoint,
    example: endpointExample,
    errors: ['RESOURCE_UNKNOWN'],
  })
  read(@Param('id') id: string): Promise<unknown> {
    return known(id, () => this.billing.readEndpoint({ id }));
  }

  @Patch(':id')
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Changes a subscriber',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: Endpoint,
    example: { ...endpointExample, enabled: false },
    errors: ['RESOURCE_UNKNOWN'],
    description: 'While it is disabled nothing is kept for it, and what is pending waits.',
  })
  change(@Param('id') id: string, @Body({ schema: ChangedEndpoint }) body: ChangedEndpoint): Promise<unknown> {
    return known(id, () => this.billing.changeEndpoint({ id, fields: given(body) }));
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Gives a subscriber a new secret, shown this once',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: RotatedEndpoint,
    example: {
      ...endpointExample,
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      secret_before_until: '2026-11-22T12:00:00.000Z',
    },
    errors: ['RESOURCE_UNKNOWN'],
    description:
      'Until secret_before_until (overlap_s, by default a day, at most a week; 0: at once) webhook-signature ' +
      'holds a signature by each, separated by a space; then by the new one alone.',
  })
  rotate(@Param('id') id: string, @Body({ schema: Rotation }) { overlap_s: overlapS }: Rotation): Promise<unknown> {
    return known(id, () =>
      this.billing.rotateSecret({ id, ...(overlapS === undefined ? {} : { overlap_s: overlapS }) }),
    );
  }

  @Post(':id/test')
  @HttpCode(202)
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Sends a subscriber an event of type webhook.test',
    auth: 'admin',
    asks: 'billing',
    status: 202,
    answer: TestSent,
    example: { message_id: 'msg_test_0f4a1f2e-6f39-4a3e-8a55-6b7b6d7b1c10' },
    errors: ['RESOURCE_UNKNOWN'],
    description:
      'Whatever it subscribes to; signed, tried again and logged among its deliveries as every other. While it ' +
      'is disabled it waits.',
  })
  test(@Param('id') id: string): Promise<unknown> {
    return known(id, () => this.billing.testEndpoint({ id }));
  }

  @Delete(':id')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'Removes a subscriber',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: Endpoint,
    example: { ...endpointExample, enabled: false },
    errors: ['RESOURCE_UNKNOWN'],
    description: 'What was not delivered yet never is; its secret is erased.',
  })
  remove(@Param('id') id: string): Promise<unknown> {
    return known(id, () => this.billing.removeEndpoint({ id }));
  }

  @Get(':id/deliveries')
  @UseGuards(guarded({ scope: 'admin' }))
  @documented({
    summary: 'What a subscriber was told, newest first, with its answers; kept 30 days',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: Deliveries,
    example: { items: [deliveryExample], next: null },
    errors: ['RESOURCE_UNKNOWN'],
  })
  async deliveries(
    @Param('id') id: string,
    @Query({ schema: DeliveriesQuery }) { limit, status, after }: DeliveriesQuery,
  ): Promise<unknown> {
    const items = await known(id, () =>
      this.billing.listDeliveries({
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
  @documented({
    summary: 'Delivers again: one delivery, or all since a time',
    auth: 'admin',
    asks: 'billing',
    status: 200,
    answer: Replays,
    example: { replayed: 3 },
    errors: ['RESOURCE_UNKNOWN'],
    description: 'Under the same webhook-id as the first time. Deliveries that are under way are left alone.',
  })
  replay(@Param('id') id: string, @Body({ schema: Replay }) { delivery, since, status }: Replay): Promise<unknown> {
    return known(id, () =>
      this.billing.replayDeliveries({
        endpoint: id,
        ...(delivery === undefined ? {} : { delivery }),
        ...(since === undefined ? {} : { since }),
        ...(status === undefined ? {} : { status }),
      }),
    );
  }
}

/** Only what was in the body: absent and null are different things. */
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
