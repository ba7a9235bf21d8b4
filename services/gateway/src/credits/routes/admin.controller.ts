import { Body, Controller, Get, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';

import { documented } from '../../http-kit/openapi/documented.ts';
import { UserId } from '../../http-kit/text-shape.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf } from '../../people-and-keys/routes/caller.ts';
import type { AdminAction } from '../app/credits.ts';
import { Credits } from '../app/credits.ts';
import { Operations } from '../app/operations.ts';
import { docs, surface } from './admin.docs.ts';
import { CreditUsage } from './answer-shapes.ts';
import { send } from './answers.ts';
import { usageExample } from './examples.ts';
import { Bonus, Consume, Initialize, insufficientBody, Nothing, Renew, shownUsage, Upgrade } from './shapes.ts';

const door = { scope: 'admin' } as const;
const pro = {
  success: true,
  data: {
    ...usageExample.data,
    credits: 100,
    totalTokens: 200_000,
    availableTokens: 200_000,
    isSubscribed: true,
    subscriptionTier: 'pro',
    subscriptionEndsAt: '2026-12-21T12:00:00.000Z',
  },
};
const listMax = 1_000;

/** Decorators common to all admin functions. */
const about = (summary: string, example: unknown = usageExample): MethodDecorator =>
  documented({
    summary,
    auth: 'admin',
    status: 200,
    once: true,
    surface,
    answer: CreditUsage,
    example,
    errors: ['ACCOUNT_FROZEN'],
  });

@ApiTags('credits: administration')
@Controller('api/admin/credits')
@UseGuards(guarded(door))
export class CreditsAdminController {
  readonly #credits: Credits;
  readonly #operations: Operations;

  constructor(credits: Credits, operations: Operations) {
    this.#credits = credits;
    this.#operations = operations;
  }

  @Get('operations/orphaned')
  @documented(docs.orphaned)
  async orphaned(): Promise<unknown> {
    const items = await this.#operations.orphaned(listMax);
    return {
      success: true,
      data: {
        items: items.map(({ id, request, operation, hold, step, reason, createdAt }) => ({
          id,
          userId: (request as { userId?: unknown } | null)?.userId ?? null,
          feature: operation,
          hold,
          step,
          reason,
          createdAt,
        })),
      },
    };
  }

  @Get(':userId')
  @documented(docs.read)
  async read(@Param('userId', { schema: UserId }) userId: string): Promise<unknown> {
    return { success: true, data: shownUsage(await this.#credits.status(userId)) };
  }

  @Post(':userId/initialize')
  @about('Opens a user: free with 5 credits, or pro for 30 days; who is there stays as is')
  initialize(
    @Param('userId', { schema: UserId }) userId: string,
    @Body({ schema: Initialize }) body: z.output<typeof Initialize>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.#act(userId, { action: 'initialize', pro: body?.is_pro === true }, { request, reply });
  }

  @Post(':userId/upgrade')
  @about(
    'Pro or enterprise until so many days from now (default 30), with at least 100 credits (enterprise: `credits`)',
    pro,
  )
  upgrade(
    @Param('userId', { schema: UserId }) userId: string,
    @Body({ schema: Upgrade }) body: z.output<typeof Upgrade>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const credits = body?.credits === undefined ? undefined : BigInt(body.credits);
    return this.#act(userId, { action: 'upgrade', days: body?.days, tier: body?.tier, credits }, { request, reply });
  }

  @Post(':userId/downgrade')
  @about('Free, with exactly 5 credits')
  downgrade(
    @Param('userId', { schema: UserId }) userId: string,
    @Body({ schema: Nothing }) _body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.#act(userId, { action: 'downgrade' }, { request, reply });
  }

  @Post(':userId/renew')
  @about(
    'The end of the subscription moves by so many days (default 30) from the later of now and its end; refilled',
    pro,
  )
  renew(
    @Param('userId', { schema: UserId }) userId: string,
    @Body({ schema: Renew }) body: z.output<typeof Renew>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.#act(userId, { action: 'renew', days: body?.days }, { request, reply });
  }

  @Post(':userId/bonus')
  @about('Adds credits, until `expires_at` where it is given')
  bonus(
    @Param('userId', { schema: UserId }) userId: string,
    @Body({ schema: Bonus }) body: z.output<typeof Bonus>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.#act(
      userId,
      { action: 'bonus', amount: BigInt(body.amount), expiresAt: body.expires_at, reason: body.reason },
      { request, reply },
    );
  }

  @Post(':userId/reset-monthly')
  @about("Begins a new month now: nothing used in it, credits refilled up to the tier's allowance, never lowered")
  resetMonthly(
    @Param('userId', { schema: UserId }) userId: string,
    @Body({ schema: Nothing }) _body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.#act(userId, { action: 'reset-monthly' }, { request, reply });
  }

  @Post(':userId/check-expiry')
  @about('Books the end of a subscription that is over, and answers what is left')
  checkExpiry(
    @Param('userId', { schema: UserId }) userId: string,
    @Body({ schema: Nothing }) _body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.#act(userId, { action: 'check-expiry' }, { request, reply });
  }

  @Post(':userId/check')
  @about('What is left, without using any')
  check(
    @Param('userId', { schema: UserId }) userId: string,
    @Body({ schema: Nothing }) _body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.#act(userId, { action: 'check' }, { request, reply });
  }

  @Post(':userId/consume')
  @documented(docs.consume)
  consume(
    @Param('userId', { schema: UserId }) userId: string,
    @Body({ schema: Consume }) body: z.output<typeof Consume>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.#act(userId, { action: 'consume', reason: body?.reason }, { request, reply });
  }

  async #act(
    userId: string,
    action: AdminAction,
    exchange: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  ): Promise<void> {
    const { result, replayed } = await this.#credits.act(userId, action, actorOf(exchange.request));
    if (result.outcome === 'insufficient') send(exchange, { status: 429, body: insufficientBody(result.available) });
    else send(exchange, { status: 200, replayed, body: { success: true, data: shownUsage(result.state) } });
  }
}
