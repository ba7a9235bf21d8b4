import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { BillingQueries } from '@tollgate/contracts';
import type { FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { docs } from './webhooks.docs.ts';

/** Called by Stripe. The signature is its credential, so the body is passed on as it arrived. */
@ApiTags('tier billing')
@Controller('api/webhooks')
export class WebhooksController {
  readonly #billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.#billing = billing;
  }

  @Post('stripe')
  @HttpCode(200)
  @ApiHeader({
    name: 'Stripe-Signature',
    required: true,
    description: 't=…,v1=…, at most 5 minutes old',
    schema: { type: 'string' },
  })
  @documented(docs.stripe)
  async stripe(@Req() request: FastifyRequest): Promise<unknown> {
    const signature = request.headers['stripe-signature'];
    const payload = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '';
    const { duplicate } = await this.#billing.stripeWebhook({
      payload,
      signature: typeof signature === 'string' ? signature : '',
    });
    return { received: true, duplicate };
  }
}
