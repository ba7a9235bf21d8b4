import { Body, Controller, Get, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { documented } from '../../http-kit/openapi/documented.ts';
import { guarded, userOf } from '../../people-and-keys/routes/access.guard.ts';
import { callerOf } from '../../people-and-keys/routes/caller.ts';
import { CreditWork } from '../app/credit-work.ts';
import { Credits } from '../app/credits.ts';
import { memberOf, sendWork } from './answers.ts';
import { GenerateReview, shownUsage, StartWorkflow } from './shapes.ts';
import { docs } from './usage.docs.ts';

@ApiTags('credits')
@Controller('api')
export class CreditsController {
  readonly #credits: Credits;
  readonly #work: CreditWork;

  constructor(credits: Credits, work: CreditWork) {
    this.#credits = credits;
    this.#work = work;
  }

  @Get('user/usage')
  @UseGuards(guarded('user'))
  @documented(docs.usage)
  async usage(@Req() request: FastifyRequest): Promise<unknown> {
    return { success: true, data: shownUsage(await this.#credits.status(userOf(request).userId)) };
  }

  @Post('projects/start-workflow')
  @UseGuards(guarded('user'))
  @documented(docs.startWorkflow)
  async startWorkflow(
    @Body({ schema: StartWorkflow }) body: StartWorkflow,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { projectId } = body;
    const ran = await this.#work.do(
      'start-workflow',
      { userId: userOf(request).userId, request: { projectId } },
      callerOf(request),
    );
    sendWork({ request, reply }, ran, (content, creditInfo) => {
      const said = memberOf(content, 'message');
      return {
        success: true,
        workflowStarted: true,
        message: typeof said === 'string' ? said : 'Workflow started',
        creditInfo,
      };
    });
  }

  @Post('review/generate')
  @UseGuards(guarded('user'))
  @documented(docs.review)
  async review(
    @Body({ schema: GenerateReview }) body: GenerateReview,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { projectId, files } = body;
    const wanted = { projectId, ...(files === undefined || files === null ? {} : { files }) };
    const ran = await this.#work.do('review', { userId: userOf(request).userId, request: wanted }, callerOf(request));
    sendWork({ request, reply }, ran, (content, creditInfo) => ({
      review: memberOf(content, 'review') ?? content,
      creditInfo,
    }));
  }
}
