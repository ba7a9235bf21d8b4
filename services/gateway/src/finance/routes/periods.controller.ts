import { Body, Controller, Get, HttpCode, Param, Post, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

import { Month } from '../../http-kit/month-shape.ts';
import { documented } from '../../http-kit/openapi/documented.ts';
import { textOf } from '../../http-kit/text-shape.ts';
import { guarded } from '../../people-and-keys/routes/access.guard.ts';
import { actorOf } from '../../people-and-keys/routes/caller.ts';
import { Closing } from '../app/closing.ts';
import { docs } from './periods.docs.ts';
const Reopen = z.object({ reason: textOf(1_000) }).meta({ example: { reason: 'invoice 118 was booked twice' } });
type Reopen = z.output<typeof Reopen>;

/** Closed months: what prevents closing, what was kept, what was reopened. */
@ApiTags('tier billing: administration')
@Controller('api/admin/billing/periods')
export class PeriodsController {
  readonly #closing: Closing;

  constructor(closing: Closing) {
    this.#closing = closing;
  }

  @Get()
  @UseGuards(guarded({ scope: 'billing:read' }))
  @documented(docs.list)
  async list(): Promise<unknown> {
    return { success: true, data: { items: await this.#closing.steps() } };
  }

  @Get(':period')
  @UseGuards(guarded({ scope: 'billing:read' }))
  @documented(docs.show)
  async show(@Param('period', { schema: Month }) period: string): Promise<unknown> {
    return { success: true, data: await this.#closing.month(period) };
  }

  @Post(':period/close')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'billing:approve' }))
  @documented(docs.close)
  async close(@Param('period', { schema: Month }) period: string, @Req() request: FastifyRequest): Promise<unknown> {
    return { success: true, data: await this.#closing.close(period, actorOf(request)) };
  }

  @Post(':period/reopen')
  @HttpCode(200)
  @UseGuards(guarded({ scope: 'billing:approve' }))
  @documented(docs.reopen)
  async reopen(
    @Param('period', { schema: Month }) period: string,
    @Body({ schema: Reopen }) { reason }: Reopen,
    @Req() request: FastifyRequest,
  ): Promise<unknown> {
    return { success: true, data: await this.#closing.reopen(period, reason, actorOf(request)) };
  }
}
