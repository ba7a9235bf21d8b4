import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { BillingQueries } from '@tollgate/contracts';
import type { FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { inject } from '../../http-kit/tokens.ts';
import { WebhookTaken } from './answer-shapes.ts';

const eventExample = {
  id: 'evt_1',
  object: 'event',
  type: 'payment_intent.succeeded',
  created: 1_795_262_400,
  data: { object: { id: 'pi_1', object: 'payment_intent' } },
};

/**
 * Stripe's own call. Its signature is its credential; the body is handed on as it came, because that is what was
 * signed.
 */
@ApiTags('tier billing')
@Controller('api/webhooks')
export class WebhooksController {
  private readonly billing: BillingQueries;

  constructor(@inject.billing() billing: BillingQueries) {
    this.billing = billing;
  }

  @Post('stripe')
  @HttpCode(200)
  @ApiHeader({
    name: 'Stripe-Signature',
    required: true,
    description: 't=…,v1=…, at most 5 minutes old',
    schema: { type: 'string' },
  })
  @documented({
    summary: 'Takes an event of Stripe; each is kept once, and unknown types are kept and left alone',
    auth: 'none',
    status: 200,
    surface: 'tier billing',
    answer: WebhookTaken,
    errors: ['SIGNATURE_INVALID'],
    example: { received: true, duplicate: false },
    body: {
      required: true,
      description: 'The event as Stripe signed it',
      content: { 'application/json': { schema: { type: 'object' }, example: eventExample } },
    },
  })
  async stripe(@Req() request: FastifyRequest): Promise<unknown> {
    const signature = request.headers['stripe-signature'];
    const payload = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '';
    const { duplicate } = await this.billing.stripeWebhook({
      payload,
      signature: typeof signature === 'string' ? signature : '',
    });
    return { received: true, duplicate };
  }
}
